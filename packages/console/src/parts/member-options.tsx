import type { ApiMember } from '../api/types.js';

/** The choices of a select among members, the first of which is any. */
export const MemberOptions = ({ members }: { readonly members: readonly ApiMember[] }) => (
  <>
    <option value="">any</option>
    {members.map(({ id, name }) => (
      <option key={id} value={id}>
        {name}
      </option>
    ))}
  </>
);
