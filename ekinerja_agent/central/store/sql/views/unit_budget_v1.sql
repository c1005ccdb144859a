-- What a unit's plans may spend and have spent, at each month of which a report was approved.
SELECT
    s.unit AS unit_code, n.name AS unit_name, s.month, s.plans, s.budget_rp, s.realised_rp,
    {percent({ppm(s.realised_rp, s.budget_rp)})} AS absorption_pct
FROM (
    SELECT k.unit, k.at_month AS month, count(*) AS plans, CAST(sum(k.budget_rp) AS bigint) AS budget_rp,
        CAST(sum(k.realised_rp) AS bigint) AS realised_rp
    FROM (
        SELECT m.month AS at_month, p.unit, p.budget_rp, r.realised_rp,
            row_number() OVER (PARTITION BY m.month, p.code ORDER BY r.month DESC) AS place
        FROM (SELECT DISTINCT month FROM {standing(plan_progress)} a WHERE a.status = 'approved') m
        JOIN {standing(plans)} p ON substr({month(p.due_date)}, 1, 4) = substr(m.month, 1, 4)
        JOIN {standing(plan_progress)} r ON r.plan = p.code AND r.status = 'approved' AND r.month <= m.month
            AND substr(r.month, 1, 4) = substr(m.month, 1, 4)
    ) k
    WHERE k.place = 1 AND k.budget_rp > 0 AND k.realised_rp IS NOT NULL
    GROUP BY k.unit, k.at_month
) s {name_of(s.unit)}
