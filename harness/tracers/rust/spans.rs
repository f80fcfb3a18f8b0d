// SPDX-License-Identifier: Apache-2.0
//! A Rust service with Datadog's tracer that stalls in its spans. Each line of its input is a way of working; the answer is one
//! line of JSON: the thread of each stall, and the span that the tracer says is active, in the order of each thread.
use std::sync::{mpsc, Arc, Barrier, Mutex};
use std::{env, fs, io, process, thread};

use opentelemetry::trace::{
    FutureExt, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
};
use opentelemetry::{global, Context};

const ROUNDS: usize = 3;
static STALLS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn stall() {
    let context = Context::current();
    let span = context.span().span_context().clone();
    fs::write(env::args().nth(1).expect("a file to write to"), "1").expect("a stall");
    // PID/task/TID
    let thread = fs::read_link("/proc/thread-self").expect("a thread");
    let tid = thread.file_name().and_then(|name| name.to_str()).expect("its number");
    let ids = match span.is_valid() {
        true => format!(r#"{{"traceId":"{}","spanId":"{}"}}"#, span.trace_id(), span.span_id()),
        false => "null".into(),
    };
    STALLS.lock().unwrap().push(format!(r#"{{"pid":{},"tid":{tid},"span":{ids}}}"#, process::id()));
}

fn answer() {
    println!("[{}]", std::mem::take(&mut *STALLS.lock().unwrap()).join(","));
}

fn in_span<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    global::tracer("spans").in_span(name, |_| work())
}

fn nested() {
    in_span("outer", || {
        stall();
        in_span("inner", stall);
        stall();
    });
    stall();
}

fn threads() {
    let together = Arc::new(Barrier::new(3));
    let work = |together: Arc<Barrier>| {
        for _ in 0..ROUNDS {
            in_span("work", || {
                together.wait();
                stall();
            });
        }
        stall();
    };
    let threads: Vec<_> = (0..3).map(|_| Arc::clone(&together)).map(|one| thread::spawn(move || work(one))).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// Leaves the only worker of the runtime to other threads until the task goes on in one of them.
async fn move_to_another_thread() {
    let before = thread::current().id();
    while thread::current().id() == before {
        tokio::task::block_in_place(|| {
            let (done, wait) = mpsc::channel();
            tokio::spawn(async move { done.send(()) });
            wait.recv().unwrap();
        });
        tokio::task::yield_now().await;
    }
}

fn tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let task = || {
        let span = global::tracer("spans").start("task");
        let work = async {
            for _ in 0..ROUNDS {
                stall();
                move_to_another_thread().await;
            }
        };
        runtime.spawn(work.with_context(Context::current_with_span(span)))
    };
    let tasks: Vec<_> = (0..3).map(|_| task()).collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// What a request does whose caller has decided not to sample.
fn unsampled() {
    let caller = SpanContext::new(TraceId::from(0xabcd), SpanId::from(0xbeef), TraceFlags::default(), true, TraceState::NONE);
    let _caller = Context::new().with_remote_span_context(caller).attach();
    in_span("request", stall);
}

fn ends() {
    in_span("last", || {
        stall();
        answer();
        process::exit(0);
    });
}

fn main() {
    let _provider = datadog_opentelemetry::tracing().init();
    for way in io::stdin().lines() {
        match way.expect("a line").as_str() {
            "nested" => nested(),
            "threads" => threads(),
            "tasks" => tasks(),
            "unsampled" => unsampled(),
            "ends" => ends(),
            other => panic!("no such way of working: {other}"),
        }
        answer();
    }
}
