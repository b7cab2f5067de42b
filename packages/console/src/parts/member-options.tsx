import type { ApiMember } from '../api/types.js';

/** The choices of a select among members. `any`: the first of them is any. */
export const MemberOptions = ({
  members,
  any = false,
}: {
  readonly members: readonly ApiMember[];
  readonly any?: boolean;
}) => (
  <>
    {any && <option value="">any</option>}
    {members.map(({ id, name }) => (
      <option key={id} value={id}>
        {name}
      </option>
    ))}
  </>
);
