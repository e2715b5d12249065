// The evaluator's reporter of Node's own test runner: counts of the leaf tests, written once at the end.
export default async function* (source) {
  const counts = { total: 0, passed: 0, failed: 0, skipped: 0, failures: [] };
  for await (const { type, data } of source) {
    if ((type !== "test:pass" && type !== "test:fail") || data.details?.type === "suite") continue;
    // A file that ends without having run a test, which the runner counts as one that passed.
    if (type === "test:pass" && data.nesting === 0 && data.name === data.file) continue;
    counts.total += 1;
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1;
    else if (type === "test:pass") counts.passed += 1;
    else {
      counts.failed += 1;
      counts.failures.push(`${data.name}: ${data.details?.error?.cause?.message ?? data.details?.error?.message ?? ""}`.slice(0, 300));
    }
  }
  yield JSON.stringify(counts);
}
