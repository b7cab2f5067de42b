import { Packr } from 'msgpackr';

/** msgpack as docs/wire.md has it: no records, no extensions. */
export const packr = new Packr({
  useRecords: false,
  moreTypes: false,
  encodeUndefinedAsNil: true,
  int64AsType: 'number',
});
