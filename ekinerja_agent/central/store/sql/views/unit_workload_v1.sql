-- The minutes of a job's tasks by what their volume is told for, and its staff; one row per unit and job.
SELECT
    w.unit AS unit_code, n.name AS unit_name, w.job, w.tasks, {percent(w.day_e4)} AS day_minutes,
    {percent(w.week_e4)} AS week_minutes, {percent(w.month_e4)} AS month_minutes,
    {percent(w.year_e4)} AS year_minutes, w.staff
FROM (
    SELECT j.unit, j.job, count(t.task) AS tasks,
        sum(CASE WHEN t.per = 'day' THEN t.volume_e2 * t.standard_e2 ELSE 0 END) AS day_e4,
        sum(CASE WHEN t.per = 'week' THEN t.volume_e2 * t.standard_e2 ELSE 0 END) AS week_e4,
        sum(CASE WHEN t.per = 'month' THEN t.volume_e2 * t.standard_e2 ELSE 0 END) AS month_e4,
        sum(CASE WHEN t.per = 'year' THEN t.volume_e2 * t.standard_e2 ELSE 0 END) AS year_e4,
        max(s.people) AS staff
    FROM (
        SELECT unit, job FROM {standing(workload_tasks)} a
        UNION SELECT unit, job FROM {standing(staff)} b
    ) j
    LEFT JOIN {standing(workload_tasks)} t ON t.unit = j.unit AND t.job = j.job
    LEFT JOIN {standing(staff)} s ON s.unit = j.unit AND s.job = j.job
    GROUP BY j.unit, j.job
) w {name_of(w.unit)}
