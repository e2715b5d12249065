/** What stands in place of data: while it loads, when there is none, when it failed. */
import { describeError } from "./api";

export function Skeleton({ lines, what }: { lines: number; what: string }) {
  return (
    <span className="skeleton" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} aria-hidden="true" />
      ))}
    </span>
  );
}

export function Empty({ onReset, isFiltered }: { onReset: () => void; isFiltered: boolean }) {
  return (
    <div className="notice">
      <p>{isFiltered ? "Nothing matches these filters." : "The tables hold no rows yet."}</p>
      {isFiltered && (
        <button type="button" onClick={onReset}>
          Reset filters
        </button>
      )}
    </div>
  );
}

export function Failure({ what, error, onRetry }: { what: string; error: unknown; onRetry: () => void }) {
  return (
    <div className="notice failure" role="alert">
      <p>
        <strong>The {what} could not be loaded.</strong> {describeError(error)}
      </p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
