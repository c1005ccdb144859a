-- Why payroll_scores_v1 says what it says.
SELECT
    f.period, f.revision, f.nip, f.date, f.code, f.scan, f.minutes,
    {percent(f.deduction_ppm)} AS deduction_pct, f.base, f.deduction_rp, f.source
FROM result_findings f
JOIN results r ON r.period = f.period AND r.nip = f.nip AND r.revision = f.revision
WHERE {in_force(r)}
