// SPDX-License-Identifier: Apache-2.0
import { formatOptions } from './options.ts';
import { parsePid, parseSeconds } from './values.ts';

/** The flags of bcc's tool of the same name, and no others. */
export const SNOOP_OPTIONS = [
  { name: 'help', short: 'h', help: 'print this help' },
  { name: 'timestamp', short: 'T', help: 'first column: seconds since the first row' },
  { name: 'pid', short: 'p', argument: 'PID', help: 'only stalls of this process', parse: parsePid },
  { name: 'duration', short: 'd', argument: 'SECONDS', help: 'stop after this time', parse: parseSeconds },
  { name: 'kernel-stack', short: 'K', help: 'print the kernel stack under each row' },
  {
    name: 'extended_fields',
    short: 'e',
    help: 'more columns: fragmentation index, watermarks and free pages at the start',
  },
] as const;

export const SNOOP_HELP = `Usage: compactsnoop [-h] [-T] [-p PID] [-d SECONDS] [-K] [-e]

Traces the kernel's memory compactions, one row each: who stalled, where, for
how long, and how it ended. Needs root, or CAP_BPF and CAP_PERFMON.

${formatOptions(SNOOP_OPTIONS)}

examples:
    compactsnoop          # all compactions
    compactsnoop -T       # with timestamps
    compactsnoop -d 10    # for 10 seconds
    compactsnoop -p 181   # of process 181
    compactsnoop -K       # with kernel stacks
    compactsnoop -e       # with extended fields
`;
