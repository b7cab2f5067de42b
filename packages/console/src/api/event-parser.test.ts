import { describe, expect, it } from 'vitest';
import { EventParser } from './event-parser.js';

const TEXT =
  'retry: 1000\n\nid: e-1\nevent: member-dead\ndata: {"name":"a: b"}\n\n: still here\n\nevent: pulse\ndata: {"a":1,\ndata: "b":2}\n\n';
const EVENTS = [
  { id: 'e-1', kind: 'member-dead', data: '{"name":"a: b"}' },
  { id: '', kind: 'pulse', data: '{"a":1,\n"b":2}' },
];

describe('the parser of events', () => {
  it('gives the same events however the text is cut', () => {
    for (let size = 1; size <= TEXT.length; size += 1) {
      const parser = new EventParser();
      const found = [];
      for (let at = 0; at < TEXT.length; at += size) found.push(...parser.push(TEXT.slice(at, at + size)));
      expect(found, `pieces of ${size}`).toEqual(EVENTS);
    }
  });

  it('keeps no event that does not end', () => {
    const parser = new EventParser();
    expect(() => {
      for (let piece = 0; piece < 20; piece += 1) parser.push('x'.repeat(100_000));
    }).toThrow('does not end');
  });
});
