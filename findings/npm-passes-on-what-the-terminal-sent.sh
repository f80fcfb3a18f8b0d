#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# npm 11.21.2 (npm): one Ctrl-C at `npm start` is two SIGINTs for the program.
#
# A terminal signals the whole foreground process group: npm, and the program that it runs. npm then passes the signal on to that
# program, which has it already. A program that ends in order at the first SIGINT and at once at the second, as many servers do,
# never ends in order there.
#
# Seen, with a pseudo-terminal: started directly 1 signal, always; started by npm 2, unless the second comes before the program has
# taken the first, as the kernel keeps one of a kind only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --no-audit --no-fund --prefix "$folder" npm@11.21.2
cat >"$folder/count.js" <<'END'
let signals = 0;
process.on('SIGINT', () => {
  signals += 1;
  // Long enough for one that is passed on.
  if (signals === 1) setTimeout(() => { console.log(`signals: ${signals}.`); process.exit(); }, 500);
});
setInterval(() => {}, 1000);
console.log('ready');
END
printf '{ "scripts": { "start": "exec node count.js" } }' >"$folder/package.json"
timeout 120 python3 - "$folder" <<'END'
import os, pty, re, sys
folder = sys.argv[1]

def signals(*words):
    """Runs a command in a terminal of its own, and presses Ctrl-C once."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvp(words[0], words)
    said, pressed = '', False
    while not (count := re.search(r'signals: (\d+)\.', said)):
        said += os.read(terminal, 4096).decode()
        if 'ready' in said and not pressed:
            pressed = True
            os.write(terminal, b'\x03')
    os.close(terminal)
    os.waitpid(pid, 0)
    return int(count[1])

directly = [signals('node', 'count.js') for _ in range(5)]
under_npm = []
while len(under_npm) < 30 and 2 not in under_npm:
    under_npm.append(signals('node', 'node_modules/npm/bin/npm-cli.js', 'start', '--silent'))
print(f'signals of one Ctrl-C: directly {directly}, under npm {under_npm}')
assert (max(directly), max(under_npm)) == (1, 2), 'the behaviour has changed'
END
echo 'as described'
