-- in_force(r): a row of `results` is what the newest close of its office says, and no adjustment
{r}.revision > 0 AND {r}.adjusted_in IS NULL
    AND NOT EXISTS (SELECT 1 FROM period_events e
        WHERE e.period = {r}.period AND e.unit = COALESCE({r}.closed_with, {r}.unit) AND e.revision > {r}.revision)
    AND NOT EXISTS (SELECT 1 FROM results l
        WHERE l.period = {r}.period AND l.nip = {r}.nip AND l.revision > {r}.revision AND l.adjusted_in IS NULL)

-- standing(kind): a subquery, to be named, of the rows of a kind of fact that stand: of each key the newest that counts
(SELECT * FROM (
        SELECT f.*, row_number() OVER (PARTITION BY {key({kind})} ORDER BY batch DESC, id DESC) AS newest
        FROM {kind} f WHERE batch NOT IN (SELECT batch FROM import_revocations)
            AND batch NOT IN (SELECT h.batch FROM held_batches h
                WHERE NOT EXISTS (SELECT 1 FROM batch_decisions d WHERE d.batch = h.batch AND d.approved))
    ) ranked WHERE newest = 1)

-- name_of(code): a join that gives the name which a unit has last as n.name
LEFT JOIN (
    SELECT u.code, u.name, row_number() OVER (PARTITION BY u.code
        ORDER BY CASE WHEN u.valid_from IS NULL THEN 0 ELSE 1 END DESC, u.valid_from DESC) AS place
    FROM {standing(units)} u
) n ON n.code = {code} AND n.place = 1

-- mean(total, count): of two whole numbers that are not negative, the quotient, rounded half up
((2 * {total} + {count}) / (2 * {count}))

-- ppm(part, whole): parts per million, rounded half up; null where the whole is 0 or null. No product leaves 64 bits
CASE WHEN {whole} > 0 THEN ({part} * 1000000) / {whole}
    + CASE WHEN (({part} * 1000000) % {whole}) * 2 >= {whole} THEN 1 ELSE 0 END END

-- unfit(deed): the account of a row is disabled, or none of its roles opens the deed
NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = NEW.account_id AND a.disabled_at IS NULL AND ({opens({deed})}))

-- another_may(deed): somebody else could do it, who is bound to a user of a system
EXISTS (SELECT 1 FROM accounts a WHERE a.id <> NEW.account_id AND a.os_user IS NOT NULL AND ({opens({deed})}))
