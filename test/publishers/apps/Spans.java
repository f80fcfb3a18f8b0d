// SPDX-License-Identifier: Apache-2.0
// A Java service with Datadog's agent that stalls in its spans. Each line of its input is a way of working; the answer is one
// line of JSON: the thread of each stall, and the span that the tracer says is active, in the order of each thread.

import datadog.trace.api.CorrelationIdentifier;
import datadog.trace.api.Trace;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;

public class Spans {
  private static final int ROUNDS = 3;
  private static final List<String> stalls = new ArrayList<>();
  private static String file;

  private static void stall() throws Exception {
    String traceId = CorrelationIdentifier.getTraceId();
    String spanId = CorrelationIdentifier.getSpanId();
    try (FileOutputStream out = new FileOutputStream(file)) {
      out.write('1');
    }
    // .../PID/task/TID
    Path thread = Files.readSymbolicLink(Path.of("/proc/thread-self"));
    String span = "null";
    if (!spanId.equals("0")) {
      span = String.format("{\"traceId\":\"%32s\",\"spanId\":\"%016x\"}", traceId, Long.parseUnsignedLong(spanId))
          .replace(' ', '0');
    }
    synchronized (stalls) {
      stalls.add(String.format("{\"pid\":%s,\"tid\":%s,\"span\":%s}", thread.getName(0), thread.getName(2), span));
    }
  }

  @Trace(operationName = "outer")
  private static void outer() throws Exception {
    stall();
    inner();
    stall();
  }

  @Trace(operationName = "inner")
  private static void inner() throws Exception {
    stall();
  }

  private static void nested() throws Exception {
    outer();
    stall();
  }

  @Trace(operationName = "work")
  private static void work(CyclicBarrier together) throws Exception {
    together.await();
    stall();
  }

  private static void inThreads() throws Exception {
    CyclicBarrier together = new CyclicBarrier(3);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Thread thread = new Thread(() -> {
        try {
          for (int round = 0; round < ROUNDS; round++) work(together);
          stall();
        } catch (Exception e) {
          throw new RuntimeException(e);
        }
      });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) thread.join();
  }

  @Trace(operationName = "last")
  private static void ends() throws Exception {
    stall();
    System.out.println(stalls);
    Runtime.getRuntime().halt(0);
  }

  public static void main(String[] args) throws Exception {
    file = args[0];
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String way = lines.readLine(); way != null; way = lines.readLine()) {
      stalls.clear();
      switch (way) {
        case "nested" -> nested();
        case "threads" -> inThreads();
        case "ends" -> ends();
        default -> throw new IllegalArgumentException(way);
      }
      System.out.println(stalls);
    }
  }
}
