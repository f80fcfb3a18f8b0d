// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { COMMANDS, HELP, helpOf } from '../../../src/cli/commands.ts';
import { parseSnoopOptions, SNOOP_HELP, SNOOP_OPTIONS } from '../../../src/cli/compactsnoop-options.ts';
import { REPLAY_OPTIONS, RUN_OPTIONS, SUMMARY_OPTIONS } from '../../../src/cli/compactstall-options.ts';
import {
  formatOptions,
  type Option,
  parseOptions,
  shownArgument,
  textWithout,
  withDefaults,
} from '../../../src/cli/options.ts';
import { EXIT, UserError } from '../../../src/errors.ts';
import { DEFAULT_RING_BYTES, DEFAULT_STACK_BUDGET } from '../../../src/live/open.ts';

const run = (...args: string[]) => parseOptions('compactstall', RUN_OPTIONS, args);
const snoop = (...args: string[]) => parseSnoopOptions(args);

function refuses(parse: () => unknown, message: string | RegExp): void {
  assert.throws(parse, (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, EXIT.USAGE);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/, 'one line');
    return true;
  });
}

describe('compactstall’s options', () => {
  it('none', () => assert.deepEqual(run(), { values: {}, positionals: [], texts: new Map() }));

  it('all, long', () => {
    const { values } = run(
      ...[
        '--duration',
        '1.5',
        '--pid=181',
        '--min-duration',
        '10ms',
        '--stack-budget',
        '2%',
        '--trigger',
        'direct,manual',
        '--verify',
      ],
      ...['--max-spans-per-second', '50'],
      ...[
        '--ring-size',
        '16M',
        '--output',
        'table',
        '--output=json:a',
        '--stack',
        'none',
        '--kernel-stack',
        '--verbose',
      ],
    );
    assert.deepEqual(values, {
      duration: 1500,
      pid: 181,
      'min-duration': 10_000_000,
      'stack-budget': 0.02,
      trigger: ['direct', 'manual'],
      'max-spans-per-second': 50,
      verify: true,
      'ring-size': 16 * 1024 * 1024,
      output: [{ kind: 'table' }, { kind: 'json', path: 'a' }],
      stack: 'none',
      'kernel-stack': true,
      verbose: true,
    });
  });

  it('all, short, some together', () => {
    const { values } = run('-d', '2', '-p', '7', '-o', 'json', '-Kv', '-h', '-V');
    assert.deepEqual(values, {
      duration: 2000,
      pid: 7,
      output: [{ kind: 'json' }],
      'kernel-stack': true,
      verbose: true,
      help: true,
      version: true,
    });
  });

  it('a flag may be repeated, a value not', () => {
    assert.deepEqual(run('-v', '-v').values, { verbose: true });
    for (const [name, value] of [
      ['pid', '7'],
      ['duration', '1'],
      ['trigger', 'direct'],
      ['stack', 'none'],
    ] as const) {
      refuses(
        () => run(`--${name}`, value, `--${name}`, value),
        `--${name} was given 2 times; give it once. See compactstall --help.`,
      );
    }
  });

  it('every option that takes a value checks it', () => {
    for (const option of RUN_OPTIONS) {
      // A file or folder may have any name.
      if ('argument' in option && !['books', 'status-socket', 'spool', 'pin'].includes(option.name)) {
        refuses(() => run(`--${option.name}`, '?'), new RegExp(`^--${option.name} \\?: .*expected .*\\.$`));
        if ('short' in option) refuses(() => run(`-${option.short}`, '?'), new RegExp(`^--${option.name} \\?: `));
      }
    }
  });

  it('unknown', () => {
    refuses(() => run('--interval', '5'), "unknown option '--interval'. See compactstall --help.");
    refuses(() => run('-x'), "unknown option '-x'. See compactstall --help.");
    refuses(() => run('-T'), "unknown option '-T'. See compactstall --help.");
    refuses(() => parseOptions('compactstall', REPLAY_OPTIONS, ['--verify']), /^unknown option '--verify'\. See/);
  });

  it('a missing argument, or one too many', () => {
    refuses(() => run('--pid'), /^option '-p, --pid <value>' argument missing\. See compactstall --help\.$/);
    refuses(() => run('-d'), /^option '-d, --duration <value>' argument missing\. See compactstall --help\.$/);
    refuses(() => run('--pid='), '--pid : not a process id; expected a number from 1 to 4194304.');
    refuses(() => run('--verify=yes'), /^option '--verify' does not take an argument\. See compactstall --help\.$/);
    refuses(() => run('--pid', '--verify'), /^option '--?p(id)?' argument is ambiguous\. See/);
    refuses(() => run('-p', '-1'), /^option '--?p(id)?' argument is ambiguous\. See/);
  });

  it('an argument that may be missing', () => {
    const home = { host: '127.0.0.1', port: 9465 };
    assert.deepEqual(run('--live').values.live, home);
    assert.deepEqual(run('--live', '-d', '1').values, { live: home, duration: 1000 });
    assert.deepEqual(run('--live', '[::1]:80').values.live, { host: '::1', port: 80 });
    assert.deepEqual(run('--live=:0').values.live, { host: '127.0.0.1', port: 0 });
    refuses(() => run('--live', 'replay'), /^--live replay: expected HOST:PORT, \[IPV6\]:PORT or :PORT, such as /);
    refuses(() => run('--live', '--live'), /^--live was given 2 times; give it once\./);
  });

  it('positional arguments are left to the command', () => {
    assert.deepEqual(run('replay', '-v', 'file').positionals, ['replay', 'file']);
    assert.deepEqual(run('--', '-v').positionals, ['-v']);
  });
});

describe('compactsnoop’s options are bcc’s', () => {
  it('short and long', () => {
    const all = { timestamp: true, pid: 181, duration: 10_000, 'kernel-stack': true, extended_fields: true };
    assert.deepEqual(snoop('-T', '-p', '181', '-d', '10', '-K', '-e'), all);
    assert.deepEqual(snoop('-TKe', '-p181', '-d10'), all);
    assert.deepEqual(
      snoop('--timestamp', '--pid', '181', '--duration', '10', '--kernel-stack', '--extended_fields'),
      all,
    );
    assert.deepEqual(snoop('-h'), { help: true });
    assert.deepEqual(snoop('--help'), { help: true });
  });

  it('of every argument, what argparse makes of it', () => {
    const cases = readFileSync(new URL('../../fixtures/snoop/arguments.jsonl', import.meta.url), 'utf8');
    for (const line of cases.trim().split('\n')) {
      const [args, expected] = JSON.parse(line) as [string[], Record<string, string | true> | 'help' | null];
      // A value that is no number of a process, or no duration, is refused for itself.
      const valid =
        typeof expected !== 'object' ||
        expected === null ||
        [expected.pid, expected.duration].every((value) => value === undefined || /^\d+$/.test(String(value)));
      if (expected === null || !valid) refuses(() => snoop(...args), /^.+$/);
      else if (expected === 'help') assert.deepEqual(snoop(...args), { help: true }, line);
      else {
        const { pid, duration, ...flags } = expected;
        const values = {
          ...flags,
          ...(pid && { pid: Number(pid) }),
          ...(duration && { duration: Number(duration) * 1000 }),
        };
        assert.deepEqual(snoop(...args), values, line);
      }
    }
  });

  it('what is wrong is said', () => {
    refuses(() => snoop('--p'), '--pid needs a value. See compactsnoop --help.');
    refuses(() => snoop('--tim=1'), '--timestamp takes no value. See compactsnoop --help.');
    refuses(() => snoop('-Tx'), "unknown option '-x' in '-Tx'. See compactsnoop --help.");
    refuses(() => snoop('x'), "unexpected 'x'. See compactsnoop --help.");
  });

  it('no other options', () => {
    const shorts = SNOOP_OPTIONS.map(({ short }) => short).sort().join(''); // biome-ignore format: one line
    assert.equal(shorts, 'KTdehp');
    refuses(() => snoop('-o', 'json'), "unknown option '-o'. See compactsnoop --help.");
    refuses(() => snoop('--verbose'), "unknown option '--verbose'. See compactsnoop --help.");
  });
});

describe('--help', () => {
  for (const [command, help, options] of [
    ['compactstall', HELP, RUN_OPTIONS],
    ['compactsnoop', SNOOP_HELP, SNOOP_OPTIONS],
    ...COMMANDS.map(({ name, options }) => [`compactstall ${name}`, helpOf(name), options] as const),
  ] as const) {
    it(`${command}: at most 80 columns, and ends with a newline`, () => {
      for (const line of help.split('\n')) assert.ok(line.length <= 80, `${line.length}: ${line}`);
      assert.ok(help.endsWith('\n') && !help.endsWith('\n\n'));
      assert.doesNotMatch(help, /[ \t]\n/, 'nothing at the end of a line');
    });

    it(`${command}: names every option, short, long, and its argument`, () => {
      for (const option of options) {
        const short = 'short' in option ? `-${option.short},` : '   ';
        const argument = 'argument' in option ? ` ${shownArgument(option)}` : '';
        assert.ok(help.includes(`\n  ${short} --${option.name}${argument}`), option.name);
        for (const word of option.help.split(' ')) assert.ok(help.includes(word), `${option.name}: ${word}`);
      }
    });
  }

  it('replay has the filters of run and its last options, as the help says', () => {
    const names = (options: readonly { name: string }[]) => options.map(({ name }) => name);
    const run = names(RUN_OPTIONS);
    const filters = ['pid', 'min-duration', 'trigger'];
    assert.deepEqual(names(REPLAY_OPTIONS), [...filters, ...run.slice(run.indexOf('output'))]);
    assert.deepEqual(names(SUMMARY_OPTIONS), ['json', ...filters, 'help', 'version']);
  });

  it('no short name is used twice', () => {
    const shorts = RUN_OPTIONS.flatMap((option) => ('short' in option ? [option.short] : []));
    assert.equal(new Set(shorts).size, shorts.length);
  });

  it('a long help is wrapped in its own column', () => {
    const text = formatOptions([
      { name: 'a-name-that-fills-its-column', argument: 'X', help: 'one' },
      { name: 'b', short: 'b', help: 'two '.repeat(20).trim() },
    ]);
    assert.equal(
      text,
      [
        '      --a-name-that-fills-its-column X',
        `${' '.repeat(28)}one`,
        `  -b, --b                   ${'two '.repeat(13).trim()}`,
        `${' '.repeat(28)}${'two '.repeat(7).trim()}`,
      ].join('\n'),
    );
  });
});

describe('a default', () => {
  it('counts for an option that was not given, and only for that', () => {
    const { values } = parseOptions('compactstall', RUN_OPTIONS, ['--ring-size', '8M', '-o', 'json']);
    const inForce = withDefaults(RUN_OPTIONS, values);
    assert.equal(inForce['ring-size'], 8 * 1024 ** 2);
    assert.deepEqual(inForce.output, [{ kind: 'json' }]);
    const { output, context, stack, resource } = withDefaults(RUN_OPTIONS, {});
    assert.deepEqual(
      { output, context, stack, resource },
      {
        output: [{ kind: 'table' }],
        context: 'child',
        stack: 'event',
        resource: 'service',
      },
    );
    assert.ok(!('user' in withDefaults(RUN_OPTIONS, {})));
  });

  it('may be given: compactstall config shows what a file can have', () => {
    const all: readonly Option[] = RUN_OPTIONS;
    for (const option of all) {
      const { name, argument, parse } = option;
      const text = argument && textWithout(option);
      if (text) parse!(text, `--${name}`);
    }
  });

  it('is that of the parts of the agent that have no options', () => {
    const inForce = withDefaults(RUN_OPTIONS, {});
    assert.equal(inForce['ring-size'], DEFAULT_RING_BYTES);
    assert.equal(inForce['stack-budget'], DEFAULT_STACK_BUDGET);
  });
});
