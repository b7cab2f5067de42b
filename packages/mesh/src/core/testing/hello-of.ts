import type { Acquaintance, Hello } from '../messages.js';

export interface PositionOptions {
  /** By default 1. */
  readonly generation?: number;
  /** By default 0. */
  readonly version?: number;
}

/** What `id` says first. It is at `id:1`, and has told nothing of its log. */
export const helloOf = (
  id: string,
  { generation = 1, version = 0, ...more }: Partial<Omit<Hello, 'kind' | 'position'>> & PositionOptions = {},
): Hello => ({
  kind: 'hello',
  name: `name of ${id}`,
  program: 'test',
  position: { generation, version },
  addresses: [`${id}:1`],
  members: [],
  ...more,
});

/** What some member knows of `id`, which it hears. */
export const acquaintanceOf = (
  id: string,
  {
    generation = 1,
    version = 0,
    ...more
  }: Partial<Omit<Acquaintance, 'id' | 'position'>> & PositionOptions = {},
): Acquaintance => ({ id, position: { generation, version }, addresses: [`${id}:1`], heard: true, ...more });
