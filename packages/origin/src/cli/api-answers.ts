import * as v from 'valibot';
import { printable } from './text-width.js';

/** A member in the API's answers, as far as all commands show it; what an older one does not tell has a default. */
export const MEMBER = v.object({
  id: v.string(),
  name: v.string(),
  self: v.boolean(),
  role: v.string(),
  liveness: v.string(),
  streams: v.number(),
  players: v.number(),
  publishers: v.number(),
  outboundKbps: v.number(),
  connected: v.boolean(),
  draining: v.optional(v.boolean(), false),
  full: v.optional(v.boolean(), false),
  through: v.optional(v.array(v.string()), []),
  zone: v.optional(v.string()),
  program: v.optional(v.string(), ''),
  rttMs: v.optional(v.number()),
});

/** A client likewise. */
export const CLIENT = v.object({
  id: v.string(),
  name: v.string(),
  kind: v.string(),
  key: v.string(),
  protocol: v.string(),
  remote: v.string(),
  agent: v.string(),
  sinceMs: v.number(),
  state: v.string(),
  queueBytes: v.number(),
});

/** Members that did not answer, and why. */
export const MISSING = v.array(v.object({ name: v.string(), reason: v.string() }));

/** A line about one of them. */
export const missingText = (name: string, reason: string): string =>
  `${printable(
    reason === 'workers'
      ? `some workers of ${name} did not answer: what they have is not shown`
      : `${name} did not answer: ${reason}`,
  )}\n`;
