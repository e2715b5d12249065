"""From what a prompt asks for to an AppSpec: queries with their joins, charts, filters, table, title, looks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import get_args

from eval_pipeline.generation.template.catalogue import Dimension, Format, Measure, Subject
from eval_pipeline.generation.template.rules import Choice, choose
from eval_pipeline.generation.template.spec import (
    Accent,
    AppSpec,
    Chart,
    ChartKind,
    ChoiceFilter,
    DatesFilter,
    Filter,
    Heading,
    NumberFilter,
    OrderBy,
    Output,
    Query,
    Table,
)
from eval_pipeline.model import Prompt

_OPTIONS = 500
_SCATTER_POINTS = 200
_DATE = "CAST({} AS DATE)"


def build_spec(prompt: Prompt, app_name: str) -> AppSpec:
    """The app for a prompt; the same prompt always gives the same."""
    choice = choose(prompt)
    subject = choice.subject
    writer = _Writer(choice)
    charts = writer.charts()
    look = hashlib.sha256(prompt.id.encode()).digest()
    filters = writer.filters()
    joined = {
        join.table
        for query in (*(c.query for c in charts), writer.table().query)
        for join in subject.joins
        if f"{join.table} AS" in query.from_sql
    }
    return AppSpec(
        app_name=app_name,
        title=_title(choice, charts[0]),
        question=prompt.text,
        subject=subject.title,
        tables=(subject.table, *sorted(joined)),
        accent=get_args(Accent)[look[0] % len(get_args(Accent))],
        layout="rail" if len(filters) >= 4 else "split" if len(charts) > 1 and look[1] % 2 else "stack",
        grain=choice.grain,
        filters=filters,
        kpis=writer.kpis(),
        charts=charts,
        table=writer.table(),
    )


def _title(choice: Choice, chart: Chart) -> str:
    """Subject and first chart: "Bakery sales: revenue by shop", "Taxi trips per day"."""
    subject = choice.subject.title
    noun = subject.split()[-1].lower()
    rest = _lower(chart.title)
    return f"{subject}{rest.removeprefix(noun)}" if rest.startswith(f"{noun} ") else f"{subject}: {rest}"


class _Writer:
    """Writes the parts of one spec."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._subject = choice.subject
        filtered = {need for d in choice.filters for need in d.needs}
        filtered |= {need for t in choice.thresholds for need in t.needs}
        self._filter_needs = filtered | set(choice.subject.time_needs)

    def kpis(self) -> Query:
        measures = self._choice.kpis
        return self._query([_output(m) for m in measures], _needs(measures))

    def table(self) -> Table:
        """Single rows when asked for; else a row per group with the key figures."""
        choice, subject = self._choice, self._subject
        if choice.wants_rows:
            outputs = [Output(name=d.name, label=d.label, sql=d.sql, format=d.format) for d in subject.details]
            order = (
                OrderBy(column=subject.detail_order, descending=subject.time is not None),
                OrderBy(column=outputs[1].name),
            )
            return Table(
                title=f"{subject.title}, one by one",
                query=self._query(outputs, _needs(subject.details), order_by=order),
            )
        measures = tuple(dict.fromkeys((*choice.measures, *choice.kpis)))[:5]
        if not choice.asked and choice.grain:
            period, format_ = self._period()
            groups = [Output(name="period", label=choice.grain.capitalize(), sql=period, format=format_)]
            order: tuple[OrderBy, ...] = (OrderBy(column="period", descending=True),)
            needs = subject.time_needs
        else:
            shown = (choice.asked[:2] if len(choice.kpis) > 3 else choice.asked[:1]) or subject.dimensions[:1]
            groups = [_output(d) for d in shown]
            order = (
                *self._order(shown[0], shown[0].name, ranked_by=measures[0].name),
                *(item for d in shown[1:] for item in self._order(d, d.name)),
            )
            needs = _needs(shown)
        query = self._query(
            [*groups, *(_output(m) for m in measures)],
            (*needs, *_needs(measures)),
            group_by=tuple(group.name for group in groups),
            order_by=order,
        )
        return Table(title=f"By {' and '.join(_lower(group.label) for group in groups)}", query=query)

    def filters(self) -> tuple[Filter, ...]:
        subject = self._subject
        found: list[Filter] = []
        if subject.time:
            day = _DATE.format(subject.time)
            bounds = self._query(
                [
                    Output(name="first", label="First day", sql=f"MIN({day})", format="day"),
                    Output(name="last", label="Last day", sql=f"MAX({day})", format="day"),
                ],
                subject.time_needs,
                with_filters=False,
            )
            found.append(
                DatesFilter(
                    label=subject.time_label,
                    from_condition=f"{day} >= :from_date",
                    to_condition=f"{day} <= :to_date",
                    bounds=bounds,
                )
            )
        for dimension in self._choice.filters:
            options = self._query(
                [Output(name="choice", label=dimension.label, sql=dimension.sql, format=dimension.format)],
                dimension.needs,
                group_by=("choice",),
                order_by=self._order(dimension, "choice"),
                limit=_OPTIONS,
                with_filters=False,
            )
            found.append(
                ChoiceFilter(
                    name=dimension.name,
                    label=dimension.label,
                    format=dimension.format,
                    condition=f"{dimension.sql} = :{dimension.name}",
                    options=options,
                )
            )
        for threshold in self._choice.thresholds:
            found.append(
                NumberFilter(
                    name=threshold.name,
                    label=threshold.label,
                    step=threshold.step,
                    condition=f"{threshold.sql} >= :{threshold.name}",
                )
            )
        return tuple(found)

    def charts(self) -> tuple[Chart, ...]:
        """A chart per kind; each takes the first dimension that no earlier one has shown."""
        shown: set[str] = set()
        charts = []
        for kind in self._choice.kinds:
            chart, used = self._chart(kind, shown)
            shown |= used
            charts.append(chart)
        return tuple(charts)

    def _chart(self, kind: ChartKind, shown: set[str]) -> tuple[Chart, set[str]]:
        if kind in ("line", "area"):
            return self._over_time(kind)
        if kind == "heat":
            return self._heat()
        if kind == "scatter":
            return self._scatter()
        return self._breakdown(kind, shown)

    def _over_time(self, kind: ChartKind) -> tuple[Chart, set[str]]:
        choice, subject = self._choice, self._subject
        assert subject.time and choice.grain
        measure = self._additive() if kind == "area" else choice.measures[0]
        few = [d for d in choice.asked if d.size == "few" and d.name not in ("year", "weekday")]
        series = few[0] if few else None
        if kind == "area" and series is None:
            series = next(d for d in choice.dimensions if d.size == "few")
        label, format_ = self._period()
        title = f"{_plain(measure)} per {choice.grain}" + (f" by {_lower(series.label)}" if series else "")
        chart = self._make(
            kind,
            title,
            Heading(title=choice.grain.capitalize(), format=format_),
            label,
            measure,
            series=series,
            needs=(*subject.time_needs, *measure.needs),
            order_by=(OrderBy(column="label"), *(self._order(series, "series") if series else ())),
            where=(f"{subject.time} IS NOT NULL",),
        )
        return chart, {series.name} if series else set()

    def _period(self) -> tuple[str, Format]:
        """SQL of the time cut to the grain, and how it reads."""
        assert self._subject.time and self._choice.grain
        grain = self._choice.grain
        cut = f"DATE_TRUNC('{grain.upper()}', {self._subject.time})"
        if grain == "hour":
            return cut, "time"
        return _DATE.format(cut), "day" if grain == "week" else grain

    def _breakdown(self, kind: ChartKind, shown: set[str]) -> tuple[Chart, set[str]]:
        choice = self._choice
        measure = self._additive() if kind == "pie" else choice.measures[0]
        fitting = [d for d in choice.dimensions if kind == "bar" or d.size == "few"]
        fresh = [d for d in fitting if d.name not in shown] or fitting
        dimension = fresh[0]
        is_cut = dimension.size != "few" and not dimension.in_order
        noun = _lower(dimension.label)
        title = f"Share of {_lower(measure.label)} by {noun}" if kind == "pie" else f"{_plain(measure)} by {noun}"
        chart = self._make(
            kind,
            title,
            Heading(title=dimension.label, format=dimension.format),
            dimension.sql,
            measure,
            needs=(*dimension.needs, *measure.needs),
            order_by=self._order(dimension, "label", ranked_by="y"),
            limit=choice.top if is_cut else None,
        )
        return chart, {dimension.name}

    def _heat(self) -> tuple[Chart, set[str]]:
        """Hours against weekdays where there is a clock, unless the prompt names two dimensions of its own."""
        choice = self._choice
        small = [d for d in choice.asked if d.size != "many"]
        by_name = {d.name: d for d in choice.dimensions}
        if len(small) < 2 and self._subject.clock:
            pair = [by_name["hour"], by_name["weekday"]]
        else:
            others = [d for d in choice.dimensions if d.size != "many" and d not in small]
            pair = [*small, *others][:2]
        rows, columns = sorted(pair, key=lambda d: ("few", "some").index(d.size), reverse=True)
        measure = choice.measures[0]
        chart = self._make(
            "heat",
            f"{_plain(measure)} by {_lower(rows.label)} and {_lower(columns.label)}",
            Heading(title=rows.label, format=rows.format),
            rows.sql,
            measure,
            series=columns,
            needs=(*rows.needs, *measure.needs),
            order_by=(*self._order(rows, "label"), *self._order(columns, "series")),
        )
        return chart, {rows.name, columns.name}

    def _scatter(self) -> tuple[Chart, set[str]]:
        choice = self._choice
        y, x = choice.measures[:2]
        sizes = ("many", "some", "few")
        dimension = min(choice.asked or choice.dimensions, key=lambda d: sizes.index(d.size))
        chart = self._make(
            "scatter",
            f"{_plain(y)} against {_lower(x.label)}, by {_lower(dimension.label)}",
            Heading(title=dimension.label, format=dimension.format),
            dimension.sql,
            y,
            x=x,
            needs=(*dimension.needs, *y.needs, *x.needs),
            order_by=(OrderBy(expression="COUNT(*)", descending=True), OrderBy(column="label")),
            limit=_SCATTER_POINTS,
        )
        return chart, set()

    def _make(
        self,
        kind: ChartKind,
        title: str,
        label: Heading,
        label_sql: str,
        y: Measure,
        *,
        series: Dimension | None = None,
        x: Measure | None = None,
        needs: tuple[str, ...],
        order_by: tuple[OrderBy, ...],
        limit: int | None = None,
        where: tuple[str, ...] = (),
    ) -> Chart:
        outputs = [
            Output(name="label", label=label.title, sql=label_sql, format=label.format),
            Output(name="series", label="Series", sql=series.sql if series else "CAST(NULL AS STRING)", format="text"),
            Output(name="x", label="x", sql=x.sql if x else "CAST(NULL AS DOUBLE)", format="number"),
            Output(name="y", label=y.label, sql=y.sql, format=y.format),
        ]
        query = self._query(
            outputs,
            (*needs, *(series.needs if series else ())),
            where=where,
            group_by=("label", "series") if series else ("label",),
            order_by=order_by,
            limit=limit,
        )
        return Chart(
            id=f"{kind}_{y.name}",
            kind=kind,
            title=title,
            label=label,
            series=Heading(title=series.label, format=series.format) if series else None,
            x=Heading(title=x.label, format=x.format) if x else None,
            y=Heading(title=y.label, format=y.format),
            query=query,
        )

    def _additive(self) -> Measure:
        """The first measure of which parts make a whole."""
        return next(m for m in (*self._choice.measures, *self._subject.measures) if m.adds_up)

    def _order(self, dimension: Dimension, column: str, ranked_by: str | None = None) -> tuple[OrderBy, ...]:
        """The order of a dimension that is `column` of the result: its own, else by `ranked_by`; ties by name."""
        by_name = OrderBy(column=column)
        if dimension.sort:
            return (OrderBy(expression=f"MIN({dimension.sort})"), by_name)
        if dimension.in_order or ranked_by is None:
            return (by_name,)
        return (OrderBy(column=ranked_by, descending=not self._choice.is_ascending), by_name)

    def _query(
        self,
        outputs: Iterable[Output],
        needs: Iterable[str],
        *,
        where: tuple[str, ...] = (),
        group_by: tuple[str, ...] = (),
        order_by: tuple[OrderBy, ...] = (),
        limit: int | None = None,
        with_filters: bool = True,
    ) -> Query:
        wanted = set(needs) | (self._filter_needs if with_filters else set())
        return Query(
            outputs=tuple(outputs),
            from_sql=from_clause(self._subject, wanted),
            where=where,
            group_by=group_by,
            order_by=tuple(dict.fromkeys(order_by)),
            limit=limit,
        )


def from_clause(subject: Subject, needs: set[str]) -> str:
    """`FROM` with the joins that are needed, and those which they come after."""
    joins = [join for join in subject.joins if join.alias in needs]
    wanted = needs | {alias for join in joins for alias in join.after}
    lines = [f"FROM {subject.table} AS {subject.alias}"]
    lines += [f"JOIN {join.table} AS {join.alias} ON {join.on}" for join in subject.joins if join.alias in wanted]
    return "\n".join(lines)


def _output(item: Measure | Dimension) -> Output:
    return Output(name=item.name, label=item.label, sql=item.sql, format=item.format)


def _needs(items: Iterable[object]) -> tuple[str, ...]:
    return tuple(need for item in items for need in getattr(item, "needs", ()))


def _lower(label: str) -> str:
    """A label within a sentence, without its unit; names such as ZIP keep their capitals."""
    plain = label.partition(" (")[0]
    return plain if plain[:2].isupper() else plain[0].lower() + plain[1:]


def _plain(measure: Measure) -> str:
    """A measure's label without its unit, for titles."""
    return measure.label.partition(" (")[0]
