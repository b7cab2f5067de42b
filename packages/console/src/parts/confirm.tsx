import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useModal } from '../focus/use-modal.js';

/** Says what an act will do, and does it where that is wanted. */
export function Confirm({
  title,
  act: name,
  onAct,
  onClose,
  children,
}: {
  readonly title: string;
  /** What the button says. */
  readonly act: string;
  readonly onAct: () => Promise<unknown>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useModal();
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const act = async (): Promise<void> => {
    if (isBusy.value) return;
    isBusy.value = true;
    problem.value = null;
    try {
      await onAct();
      onClose();
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    }
    isBusy.value = false;
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="confirm-title">
      <h2 id="confirm-title">{title}</h2>
      {children}
      {problem.value !== null && (
        <p class="notice" data-kind="error" role="alert">
          {problem.value}
        </p>
      )}
      <div class="row end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Leave it
        </button>
        {/* Disabled it would lose the focus. */}
        <button type="button" class="act" aria-disabled={isBusy.value} onClick={() => void act()}>
          {name}
        </button>
      </div>
    </dialog>
  );
}
