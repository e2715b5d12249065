/** Objects from the answer of a statement. */
function toObjects (manifest, result) {
  const names = manifest.columns.map((c) => c.name)
  return (result.data_array || []).map((row) => Object.fromEntries(row.map((cell, i) => [names[i], cell])))
}

module.exports = { toObjects }
