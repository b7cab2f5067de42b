import type { Command } from './command.js';

/** A command's name, and how to get the rest of it: a small command does not wait until the large ones are loaded. */
export interface NamedCommand {
  readonly name: string;
  load(): Promise<Command>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly NamedCommand[] = [
  { name: 'origin', load: async () => (await import('./commands/origin.js')).ORIGIN },
  { name: 'demo', load: async () => (await import('./commands/demo.js')).DEMO },
  { name: 'key', load: async () => (await import('./commands/key.js')).KEY },
  { name: 'sign', load: async () => (await import('./commands/sign.js')).SIGN },
  { name: 'config check', load: async () => (await import('./commands/config-check.js')).CONFIG_CHECK },
  { name: 'config print', load: async () => (await import('./commands/config-print.js')).CONFIG_PRINT },
  { name: 'config example', load: async () => (await import('./commands/config-example.js')).CONFIG_EXAMPLE },
  { name: 'top', load: async () => (await import('./commands/top.js')).TOP },
  { name: 'members', load: async () => (await import('./commands/members.js')).MEMBERS },
  { name: 'streams', load: async () => (await import('./commands/streams.js')).STREAMS },
  { name: 'explain', load: async () => (await import('./commands/explain.js')).EXPLAIN },
  { name: 'trace', load: async () => (await import('./commands/trace.js')).TRACE },
  { name: 'doctor', load: async () => (await import('./commands/doctor.js')).DOCTOR },
  { name: 'clients', load: async () => (await import('./commands/clients.js')).CLIENTS },
  { name: 'kick', load: async () => (await import('./commands/kick.js')).KICK },
  { name: 'drain', load: async () => (await import('./commands/drain.js')).DRAIN },
  { name: 'reload', load: async () => (await import('./commands/reload.js')).RELOAD },
  { name: 'events', load: async () => (await import('./commands/events.js')).EVENTS },
  { name: 'health', load: async () => (await import('./commands/health.js')).HEALTH },
];

/** All of them, loaded. */
export function loadCommands(): Promise<readonly Command[]> {
  return Promise.all(COMMANDS.map((command) => command.load()));
}
