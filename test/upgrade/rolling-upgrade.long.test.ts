import { describe, it } from 'vitest';
import { HEADWATER } from '../support/program.js';
import { testScope } from '../support/scope.js';
import { previousRelease } from './previous-release.js';
import { expectUnnoticed } from './rolling.js';

/** It sends an SRS edge to an owner that drains, which sends it back; and its FLV players wait for the tracks of a next source. */
const KNOWN = { violations: /redirected in a loop/, cutsNextSource: true };

describe('a mesh of five under load', () => {
  it('is brought from the release before this one to this one, and back again, member by member', () => {
    const previous = previousRelease(testScope());
    return expectUnnoticed(
      {
        program: previous,
        rollings: 2,
        rolling: { by: 'drain', programs: [HEADWATER, previous] },
      },
      KNOWN,
    );
  });
});
