// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Questions } from '../../../src/enrich/questions.ts';
import type { Question } from '../../../src/prober/protocol.ts';

const identity = (pid: number): Question => ({ about: 'identity', pid, version: 0 });
const contexts = (pid: number): Question => ({ about: 'contexts', pid });
const at = (ms: number) => ({ atMs: ms, spentMs: 0 });
const before = (ms: number) => (asked: { atMs: number }) => asked.atMs < ms;

test('answers come in the order of the questions; a question that is left keeps its place', async () => {
  const questions = new Questions();
  const answers = [1, 2, 3].map((pid) => questions.add(identity(pid), pid === 1, at(pid)));
  assert.equal(questions.leaveOld(before(1)), false);
  assert.equal(questions.leaveOld(before(2)), true, 'a stall waited for the first');
  for (const line of ['first', 'second', 'third']) questions.answer(line);
  assert.deepEqual(await Promise.all(answers), [undefined, 'second', 'third']);
  assert.equal(questions.length, 0);
  questions.answer('one too many');
});

test('nothing that is old, behind a question that is not, is left', async () => {
  const questions = new Questions();
  const answers = [5, 1].map((ms) => questions.add(identity(ms), true, at(ms)));
  assert.equal(questions.leaveOld(before(2)), false);
  questions.answer('first');
  questions.answer('second');
  assert.deepEqual(await Promise.all(answers), ['first', 'second']);
});

test('of a process that is avoided, only what is seen from outside is asked', async () => {
  const questions = new Questions();
  const asked = [identity(7), contexts(7), identity(8), identity(7)];
  const answers = asked.map((question) => questions.add(question, false, at(0)));
  questions.avoid(7);
  assert.deepEqual(questions.all, [{ about: 'outside', pid: 7 }, identity(8), { about: 'outside', pid: 7 }]);
  for (const line of ['a', 'b', 'c']) questions.answer(line);
  assert.deepEqual(await Promise.all(answers), ['a', undefined, 'b', 'c']);
});

test('all are left when no prober will answer', async () => {
  const questions = new Questions();
  const answers = [1, 2].map((pid) => questions.add(identity(pid), false, at(0)));
  questions.clear();
  assert.deepEqual(await Promise.all(answers), [undefined, undefined]);
  assert.equal(questions.length, 0);
});

test('there is a limit', () => {
  const questions = new Questions();
  while (!questions.isFull) questions.add(identity(1), false, at(0));
  assert.equal(questions.length, 16_384);
});
