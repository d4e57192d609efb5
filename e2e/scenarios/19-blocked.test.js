// @ts-check
// Scenario 19: somebody blocks a person with whom they have a conversation. What that person writes is taken as ever and
// reaches nobody, over whatever instance and after whatever happens; ticks stand still; and it cannot be told from outside.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../lib/client.js';
import { Heard, ask } from '../lib/events.js';
import { ok, refused } from '../lib/http.js';
import { uuid7 } from '../lib/ids.js';
import { INSTANCES, Person, pair } from '../lib/person.js';
import { SHAPE, stackForThisFile } from '../lib/stack.js';
import { until } from '../lib/wait.js';

const stack = stackForThisFile();
const TICKS = ['message:delivered', 'message:read'];

/** @param {Person} who @param {Person} whom */
const block = async (who, whom) => ok(await who.call('PUT', `/contacts/${whom.id}/block`));
/** @param {Person} who @param {Person} whom */
const unblock = async (who, whom) => ok(await who.call('DELETE', `/contacts/${whom.id}/block`), 204);

/** What a client has of a conversation: type and text of each entry. @param {Client} client @param {string} id */
const shown = (client, id) =>
  [...client.history(id).entries.values()].map(({ type, data }) => `${type} ${data?.text ?? ''}`.trim());

/** Writes until what is written is withheld; returns how often something still came through. @param {Client} from @param {Client} to @param {string} id */
async function untilWithheld(from, to, id) {
  for (let through = 0; ; through++) {
    const { seq } = await from.send(id, `to be withheld ${through}`);
    await until('the entry to be there', () => to.history(id).entries.has(seq));
    if (to.history(id).entries.get(seq)?.type === 'withheld') return through;
  }
}

test('what somebody blocked writes is taken and reaches nobody', async () => {
  const { anna, bert, id } = await pair(stack());
  const second = await bert.onAnotherDevice({ at: 1 });
  const [annas, berts, others] = await Promise.all([anna, bert, second].map((who) => new Client(who).open()));
  await berts.send(id, 'before');
  await until('it to come', () => shown(annas, id).includes('message before'));

  await block(anna, bert);
  const since = Date.now();
  await untilWithheld(berts, annas, id);
  const took = Date.now() - since;
  assert.ok(took < 6_000, `a block holds within 2 s on a quiet machine; it took ${took} ms`);
  const heard = new Heard(berts.socket);
  for (const client of [berts, others]) {
    const entry = await client.send(id, 'withheld');
    assert.equal(entry.data.text, 'withheld', 'the writer sees it as ever');
  }
  await until('all of it', () => annas.history(id).upTo === berts.history(id).upTo);
  await until('the second device to have it', () => others.history(id).upTo === berts.history(id).upTo);
  assert.ok(!shown(annas, id).includes('message withheld'));
  assert.equal(shown(others, id).filter((line) => line === 'message withheld').length, 2);

  // Nor does it come another way, from any instance.
  for (anna.at = 0; anna.at < INSTANCES; anna.at++) {
    const log = ok(await anna.get(`/conversations/${id}/entries?after=0`)).data;
    assert.ok(!JSON.stringify(log).includes('"text":"withheld"'));
    const page = ok(await anna.get(`/conversations/${id}/messages`)).data;
    assert.ok(!JSON.stringify(page).includes('"text":"withheld"'));
    const view = ok(await anna.get(`/conversations/${id}`)).conversation;
    assert.deepEqual([view.unread, view.lastEntry.data, view.lastEntry.senderId], [0, null, anna.id]);
  }
  anna.at = 0;
  // What Anna's device stores and reads is not told to Bert.
  const { upTo } = annas.history(id);
  ok(await anna.post(`/conversations/${id}/read`, { seq: upTo, count: upTo }), 204);
  const answer = await ask(berts.socket, 'sync', {});
  assert.ok(answer.ok);
  for (const receipt of answer.receipts) assert.ok(receipt.delivered < upTo && receipt.read < upTo, JSON.stringify(receipt));
  for (const tick of TICKS) assert.deepEqual(heard.of(tick).filter((one) => one.userId === anna.id), []);

  assert.match(refused(await anna.post(`/conversations/${id}/messages`, message('no')), 'FORBIDDEN').message, /unblock/);
  await unblock(anna, bert);
  await until('messages to come through again', async () => {
    const { seq } = await berts.send(id, 'after');
    await until('the entry to be there', () => annas.history(id).entries.has(seq));
    return annas.history(id).entries.get(seq)?.type === 'message';
  });
  assert.ok(!shown(annas, id).includes('message withheld'), 'what was withheld stays so');
  for (const client of [annas, berts, others]) {
    assert.deepEqual(client.wrongs, []);
    client.close();
  }
});

test('a device that was away finds nothing of it, whatever died meanwhile', async () => {
  const { anna, bert, id } = await pair(stack());
  const [annas, berts] = await Promise.all([anna, bert].map((who) => new Client(who).open()));
  await berts.send(id, 'before');
  await until('it to come', () => shown(annas, id).includes('message before'));
  await block(anna, bert);
  await untilWithheld(berts, annas, id);
  annas.close();
  const names = SHAPE === 'single' ? ['restante'] : ['chat-1', 'chat-2'];
  for (const name of names) {
    await stack().kill(name);
    await stack().start(name);
  }
  await berts.send(id, 'withheld');
  const back = await new Client(anna).open();
  await until('it to have everything', () => back.history(id).upTo === berts.history(id).upTo);
  assert.ok(!shown(back, id).includes('message withheld'), shown(back, id).join());
  assert.deepEqual([...back.wrongs, ...berts.wrongs], []);
  back.close();
  berts.close();
});

test('a conversation that somebody blocked opens is out of sight', async () => {
  const [anna, bert] = await Promise.all([Person.login(stack(), { at: 0 }), Person.login(stack(), { at: 1 })]);
  await block(anna, bert);
  const { conversation } = ok(await bert.post('/conversations', { kind: 'direct', userId: anna.id }), 201);
  assert.equal(conversation.hidden, false);
  ok(await bert.post(`/conversations/${conversation.id}/messages`, message('hello')), 201);
  const view = ok(await anna.get(`/conversations/${conversation.id}`)).conversation;
  assert.deepEqual([view.hidden, view.unread, view.lastEntry.data], [true, 0, null]);
});

/** @param {string} text */
function message(text) {
  return { id: uuid7(), text };
}
