import { describe, it } from 'vitest';
import { HEADWATER } from '../support/origin-process.js';
import { testScope } from '../support/scope.js';
import { previousRelease } from './previous-release.js';
import { expectUnnoticed } from './rolling.js';

describe('a mesh of five under load', () => {
  it('is brought from the release before this one to this one, and back again, member by member', () => {
    const previous = previousRelease(testScope());
    // The release before sends an SRS edge to an owner that drains, which sends it back.
    return expectUnnoticed(
      {
        program: previous,
        rollings: 2,
        rolling: { by: 'drain', programs: [HEADWATER, previous] },
      },
      /redirected in a loop/,
    );
  });
});
