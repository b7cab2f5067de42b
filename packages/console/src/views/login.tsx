import { useSignal } from '@preact/signals';
import { useModal } from '../focus/use-modal.js';
import { asksToken, declineToken, takeToken } from '../state/session.js';

/** Asks for the token that the member wants to be shown. */
export function Login({ why }: { readonly why: string }) {
  const dialog = useModal();
  const typed = useSignal('');
  return (
    <dialog
      ref={dialog}
      aria-labelledby="login-title"
      onClose={() => {
        if (asksToken.value !== null) declineToken();
      }}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          takeToken(typed.value.trim());
        }}
      >
        <h2 id="login-title">A token is needed</h2>
        <p>{why}.</p>
        <label class="stack">
          Token (<code>api.token</code> of the configuration)
          <input
            type="password"
            autocomplete="current-password"
            value={typed.value}
            onInput={(event) => (typed.value = event.currentTarget.value)}
          />
        </label>
        <p class="quiet">It is kept in this tab until the tab is closed.</p>
        <div class="row end">
          <button type="button" onClick={() => dialog.current?.close()}>
            Go on without
          </button>
          <button type="submit" class="act" disabled={typed.value.trim() === ''}>
            Use it
          </button>
        </div>
      </form>
    </dialog>
  );
}
