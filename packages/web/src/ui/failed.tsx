import type { ApiError } from '../api/client.ts';
import { showRange } from '../state/actions.ts';
import { reload } from '../state/data.ts';
import { navigate } from '../state/view.ts';
import { Mark } from './mark.tsx';

/** The first question failed: there is no picture that an error could stand above. */
export function Failed({ error }: { error: ApiError }) {
  const { code, message, parameter } = error;
  return (
    <section class="panel" aria-label="Error" role="alert">
      <Mark size={34} />
      <h1>This cannot be shown</h1>
      <p>{message}</p>
      <p>
        <code class="error-code">{code}</code>
      </p>
      <div class="panel-actions">
        {parameter === 'from' || parameter === 'until' ? (
          <button
            type="button"
            class="button button-strong"
            onClick={() => showRange({ from: '-15minutes', until: 'now' })}
          >
            Show the last 15 minutes
          </button>
        ) : parameter === 'query' || parameter === 'type' ? (
          <button
            type="button"
            class="button button-strong"
            onClick={() => navigate({ query: '', type: undefined, focus: '', by: '' })}
          >
            Show all services
          </button>
        ) : (
          <button type="button" class="button button-strong" onClick={reload}>
            Try again
          </button>
        )}
      </div>
    </section>
  );
}
