-- Each unit's published months, and for how many of them it has not grown. What is counted is in decision 27.
WITH people AS (
    SELECT r.period, r.unit, r.unit_name, r.nip, r.days_present, r.unexcused_days, r.discipline_score_ppm,
        r.performance_score_ppm, {month_before(r.period)} AS before
    FROM results r WHERE {in_force(r)}
), months AS (
    SELECT period, unit, max(unit_name) AS unit_name, CAST(count(*) AS bigint) AS employees,
        CAST(sum(days_present) AS bigint) AS present,
        CAST(sum(days_present + unexcused_days) AS bigint) AS expected,
        CAST(sum(discipline_score_ppm) AS bigint) AS discipline,
        CAST(sum(performance_score_ppm) AS bigint) AS performance
    FROM people GROUP BY period, unit
), compared AS (
    SELECT now.period, now.unit,
        CASE WHEN sum(now.performance_score_ppm) > sum(then_.performance_score_ppm)
            OR sum(now.performance_score_ppm) >= 1000000 * count(*) THEN 0 ELSE 1 END AS stalled
    FROM people now
    JOIN people then_ ON then_.period = now.before AND then_.nip = now.nip AND then_.unit = now.unit
    GROUP BY now.period, now.unit
), judged AS (
    SELECT months.*, COALESCE(compared.stalled, 0) AS stalled
    FROM months LEFT JOIN compared ON compared.period = months.period AND compared.unit = months.unit
), runs AS (
    SELECT judged.*, sum(1 - stalled) OVER (PARTITION BY unit ORDER BY period) AS run FROM judged
)
SELECT period, unit AS unit_code, unit_name, employees,
    CASE WHEN expected > 0 THEN {percent({mean(1000000 * present, expected)})} END AS attendance_pct,
    {percent({mean(discipline, employees)})} AS discipline_pct,
    {percent({mean(performance, employees)})} AS performance_pct,
    CAST(sum(stalled) OVER (PARTITION BY unit, run ORDER BY period) AS bigint) AS trend_months_without_growth
FROM runs
