-- rules that no close used before are accepted by another person first: rules accept
EXISTS (SELECT 1 FROM period_events e
    WHERE NOT (e.period = NEW.period AND e.unit = NEW.unit AND e.revision = NEW.revision))
AND NOT EXISTS (SELECT 1 FROM period_events e WHERE e.rules_digest = NEW.rules_digest
    AND NOT (e.period = NEW.period AND e.unit = NEW.unit AND e.revision = NEW.revision))
AND {another_may(ACCEPT_RULES)}
AND NOT EXISTS (SELECT 1 FROM rule_acceptances r WHERE r.digest = NEW.rules_digest AND r.account_id <> NEW.account_id)
