#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# inferno 0.12.4 (crates.io), inferno-flamegraph: a last frame that ends in a number, such as a thread "worker 3", makes a graph of differences.
#
# A line of folded stacks is "FRAME;FRAME COUNT", and frames may have blanks. With two numbers at the end, inferno takes the line for one of
# inferno-diff-folded, which has the counts before and after. So the number of a thread becomes the count before: workers 3 and 4
# are one frame "worker", coloured by an increase that nobody measured, and there is no warning. A single such line is enough.
# A first frame that begins with "# " makes the whole line a comment: it is missing from the sum, also without a word. "#1" is a frame.
# So a writer keeps numbers out of the end of a stack, and "# " out of its begin, by an order of frames, or by quotes.
#
# Seen: "worker 3" with 100 and "worker 4" with 50 are drawn as "worker", 150, with "+64.67%"; quoted, they are two frames. Of a line
# "# batch;run 100" nothing is drawn.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo install --quiet inferno --version =0.12.4 --locked --no-default-features --features cli --bin inferno-flamegraph --debug \
  --root "$folder/inferno" --target-dir "$folder/target" 2>/dev/null
# The boxes of the drawing, sorted, and what it says on standard error.
draw() {
  timeout 60 "$folder/inferno/bin/inferno-flamegraph" --minwidth 0 2>&1 >"$folder/svg"
  sed 's/<title>/\n<title>/g' "$folder/svg" | sed -n 's/^<title>\([^<]*\) (\([0-9]*\) samples, [0-9.]*%\(; [-+0-9.]*%\)\{0,1\}).*/\1=\2\3/p' | LC_ALL=C sort | tr '\n' ' '
}
threads=$(printf 'app;worker 3 100\napp;worker 4 50\n' | draw)
quoted=$(printf 'app;"worker 3" 100\napp;"worker 4" 50\n' | draw)
comment=$(printf '# batch;run 100\n#1;run 7\n' | draw)
echo "threads: $threads"
echo "quoted: $quoted"
echo "comment: $comment"
[ "$threads" = 'all=150 app=150; 0.00% worker=150; +64.67% ' ] || { echo 'the behaviour has changed'; exit 1; }
[ "$quoted" = '&quot;worker 3&quot;=100 &quot;worker 4&quot;=50 all=150 app=150 ' ] || { echo 'the behaviour has changed'; exit 1; }
[ "$comment" = '#1=7 all=7 run=7 ' ] || { echo 'the behaviour has changed'; exit 1; }
echo 'as described'
