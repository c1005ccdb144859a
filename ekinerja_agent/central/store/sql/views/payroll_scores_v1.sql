-- What payroll reads: of each period and person the newest close of their office. An adjusted score is not among them.
SELECT
    r.period, r.revision, r.nip, r.name, r.employment_status, r.unit AS unit_code, r.unit_name,
    r.position_class, {percent(r.discipline_score_ppm)} AS discipline_pct,
    {percent(r.performance_score_ppm)} AS performance_pct,
    {percent(r.multiplier_ppm)} AS multiplier_pct,
    r.base_rp AS allowance_base_rp, r.discipline_rp, r.performance_rp, r.leave_deduction_rp,
    r.sanction_rp, r.hold_rp, r.payable_rp, r.profile, r.rules_digest,
    {instant(r.published_at)} AS published_at,
    {instant(p.at)} AS paid_at, p.document AS paid_document
FROM results r LEFT JOIN period_payments p
    ON p.period = r.period AND p.unit = COALESCE(r.closed_with, r.unit) AND p.revision = r.revision
WHERE {in_force(r)}
