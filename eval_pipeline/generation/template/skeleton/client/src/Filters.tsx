/** The controls that narrow everything on the page. */
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { api, describeError } from "./api";
import { formatValue } from "./format";
import type { FilterControl, FilterName, FilterValues, Outputs } from "./spec";

interface Props {
  readonly controls: readonly FilterControl[];
  readonly values: FilterValues;
  readonly onChange: (change: FilterValues) => void;
  readonly onReset: () => void;
  readonly isFiltered: boolean;
}

export function Filters({ controls, values, onChange, onReset, isFiltered }: Props) {
  const query = useQuery({ queryKey: ["options"], queryFn: () => api.options.query() });
  return (
    <form className="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {controls.map((control) => (
        <Control key={control.label} control={control} options={query.data} values={values} onChange={onChange} />
      ))}
      <button type="button" className="reset" onClick={onReset} disabled={!isFiltered}>
        Reset
      </button>
      {query.isError && (
        <p className="filter-note" role="alert">
          The choices could not be loaded. {describeError(query.error)}
        </p>
      )}
    </form>
  );
}

interface ControlProps {
  readonly control: FilterControl;
  readonly options: Outputs["options"] | undefined;
  /** By name, whichever filters this dashboard has. */
  readonly values: Readonly<Record<string, string | number | undefined>>;
  readonly onChange: (change: FilterValues) => void;
}

function Control({ control, options, values, onChange }: ControlProps) {
  const id = useId();
  const set = (name: FilterName, value: string | number | undefined) => onChange({ [name]: value } as FilterValues);

  if (control.kind === "choice") {
    return (
      <div className="field">
        <label htmlFor={id}>{control.label}</label>
        <select id={id} value={values[control.name] ?? ""} onChange={(event) => set(control.name, event.target.value || undefined)}>
          <option value="">All</option>
          {options?.choices[control.name].map((choice) => (
            <option key={choice} value={choice}>
              {formatValue(choice, control.format)}
            </option>
          ))}
        </select>
      </div>
    );
  }
  if (control.kind === "number") {
    return (
      <div className="field">
        <label htmlFor={id}>{control.label}</label>
        <input
          id={id}
          type="number"
          min={0}
          step={control.step}
          inputMode="decimal"
          placeholder="Any"
          value={values[control.name] ?? ""}
          onChange={(event) => set(control.name, event.target.value === "" ? undefined : Math.max(0, event.target.valueAsNumber))}
        />
      </div>
    );
  }
  return (
    <fieldset className="field dates">
      <legend>{control.label}</legend>
      {([control.from, control.to] as const).map((name, index) => (
        <input
          key={name}
          type="date"
          aria-label={index === 0 ? "From" : "To"}
          min={options?.dates?.first ?? undefined}
          max={options?.dates?.last ?? undefined}
          value={values[name] ?? ""}
          onChange={(event) => set(name, event.target.value || undefined)}
        />
      ))}
    </fieldset>
  );
}
