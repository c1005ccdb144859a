-- Every approved report of a plan. A deviation is physical minus planned, a gap physical minus financial.
SELECT
    g.code AS plan, g.name, g.unit AS unit_code, n.name AS unit_name, g.nip,
    g.month, g.due_date, g.target_output, {percent(g.planned_ppm)} AS planned_pct,
    {percent(g.physical_ppm)} AS physical_pct, {percent(g.physical_ppm - g.planned_ppm)} AS deviation_pct,
    g.budget_rp, g.realised_rp, {percent(g.financial_ppm)} AS financial_pct,
    {percent(g.physical_ppm - g.financial_ppm)} AS gap_pct,
    CASE WHEN g.physical_ppm >= 1000000 AND g.finished <= g.due_month THEN 'done'
         WHEN g.physical_ppm >= 1000000 THEN 'done_late'
         WHEN g.due_month <= g.month THEN 'late' ELSE 'open' END AS timing,
    g.document
FROM (
    SELECT r.*, p.code, p.name, p.unit, p.nip, p.due_date, p.target_output, p.budget_rp,
        {month(p.due_date)} AS due_month, {ppm(r.realised_rp, p.budget_rp)} AS financial_ppm,
        min(CASE WHEN r.physical_ppm >= 1000000 THEN r.month END)
            OVER (PARTITION BY r.plan ORDER BY r.month) AS finished
    FROM {standing(plans)} p
    JOIN {standing(plan_progress)} r ON r.plan = p.code AND r.status = 'approved'
        AND substr(r.month, 1, 4) = substr({month(p.due_date)}, 1, 4)
) g {name_of(g.unit)}
