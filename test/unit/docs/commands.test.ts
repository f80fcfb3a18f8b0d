// SPDX-License-Identifier: Apache-2.0
// test/support/documented-commands.ts names, for each command of the documents, the test that runs it, or the reason why none
// does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { NOT_RUN, RUN_BY } from '../../support/documented-commands.ts';
import { commandsIn, documentedCommands, inlineCommands, ROOT } from '../../support/documents.ts';

const documented = documentedCommands();
const known = [...Object.keys(RUN_BY), ...Object.keys(NOT_RUN)];

describe("the documents' commands", () => {
  it('are each run by a test, or are listed with the reason why not', () => {
    const unknown = documented.filter(({ command }) => !known.includes(command));
    assert.deepEqual(unknown, []);
  });

  it('are the listed ones, each once', () => {
    const stale = known.filter((listed) => !documented.some(({ command }) => command === listed));
    assert.deepEqual(stale, []);
    assert.equal(new Set(known).size, known.length);
  });

  it('are run by tests that exist', () => {
    for (const { file, name } of Object.values(RUN_BY)) {
      const titles = [...readFileSync(ROOT + file, 'utf8').matchAll(/\b(?:it|test)\((['"`])(.*?)\1/g)];
      assert.ok(
        titles.some(([, , title]) => title!.includes(name)),
        `${file} has no test "${name}"`,
      );
    }
  });

  it('occur word for word in the test that types them', () => {
    const typing = 'test/backends/commands.test.ts';
    const source = readFileSync(ROOT + typing, 'utf8');
    const entries = Object.entries(RUN_BY).filter(([, { file }]) => file === typing);
    const absent = entries.map(([command]) => command).filter((command) => !source.includes(`'${command}'`));
    assert.deepEqual(absent, []);
  });

  it('name scripts of package.json', () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
    for (const { command, document } of documented) {
      for (const [, script] of command.matchAll(/\bnpm run ([a-z:]+)/g))
        assert.ok(scripts[script!], `${document}: ${command}`);
    }
  });
});

describe('the reader of documents', () => {
  it('takes the commands of sh blocks, joined and without comments', () => {
    const text =
      'a\n\n```sh\none   # a comment\n\n# another\ntwo \\\n  --of three#4\n```\n\n```\nno command\n```\n\n1. b\n\n   ```sh\n   four\n   ```\n';
    assert.deepEqual(commandsIn(text), ['one', 'two --of three#4', 'four']);
  });

  it('takes commands between backticks, but not those of blocks', () => {
    assert.deepEqual(inlineCommands('| `npm test` | `npm` |\n\n```sh\nnpm `run` x\n```\n'), ['npm test']);
  });
});
