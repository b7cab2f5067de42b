import * as v from 'valibot';
import { actByApi, readApi } from '../api-client.js';
import { API_FLAGS } from '../ask-api.js';
import type { Arguments, Command } from '../command.js';
import { type CliIo, EXIT } from '../io.js';
import { printable } from '../text-width.js';

const DONE = v.object({ name: v.string() });
const PROGRESS = v.object({
  draining: v.boolean(),
  step: v.optional(v.string()),
  stillHere: v.array(v.object({ kind: v.string(), count: v.number(), text: v.string() })),
});
type Progress = v.InferOutput<typeof PROGRESS>;

/** How often it is asked how the drain gets on, ms. */
const LOOK_EVERY_MS = 1000;

export const DRAIN: Command = {
  name: 'drain',
  operand: 'MEMBER',
  isOperandOptional: true,
  summary: 'Have a member let others take over, and keep everybody away from it until that is cancelled.',
  flags: [
    { name: 'cancel', meaning: 'Have it take publishers and players again.' },
    { name: 'wait', meaning: 'Tell who is still there and why, until nobody is or its time is over.' },
    ...API_FLAGS,
  ],
  notes: [
    '  headwater drain                  the member that is asked',
    '  headwater drain origin-b --wait  another one, by its name or id',
    '  HEADWATER_API_TOKEN              is sent where it is set',
  ],
  async run(given, io) {
    const path = `/api/v1/members/${encodeURIComponent(given.positionals[0] ?? 'self')}/drain`;
    if (given.has('cancel')) {
      const { name } = await actByApi('DELETE', path, undefined, DONE, given, io);
      io.stdout.write(`${name} takes publishers and players again.\n`);
      return EXIT.ok;
    }
    const { name } = await actByApi('POST', path, {}, DONE, given, io);
    io.stdout.write(`${name} is draining. To take it back: headwater drain ${name} --cancel\n`);
    return given.has('wait') ? follow(path, name, given, io) : EXIT.ok;
  },
};

/** Tells what has changed, until the drain is over. Failed where it was cancelled meanwhile. */
async function follow(path: string, name: string, given: Arguments, io: CliIo): Promise<number> {
  let told = '';
  for (;;) {
    const { value } = await readApi(path, PROGRESS, given, io);
    if (!value.draining) {
      io.stderr.write(`${name} does not drain any more: somebody cancelled it.\n`);
      return EXIT.failed;
    }
    const text = textOf(value);
    if (text !== told) io.stdout.write(text);
    told = text;
    if (value.step === 'over') return EXIT.ok;
    await io.pause(LOOK_EVERY_MS);
  }
}

function textOf({ step, stillHere }: Progress): string {
  if (stillHere.length === 0) return step === 'over' ? 'Nobody is left.\n' : '';
  const heading = step === 'over' ? 'Its time is over. Still there:\n' : 'Still there:\n';
  return (
    heading +
    stillHere
      .map(({ kind, count, text }) => `  ${count} ${printable(`${plural(kind, count)}: ${text}`)}\n`)
      .join('')
  );
}

const plural = (kind: string, count: number): string => (count === 1 ? kind : `${kind}s`);
