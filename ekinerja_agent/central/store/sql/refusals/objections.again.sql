-- what was rejected is disputed again only once the draft of that day says something else
-- where: NEW.seen IS NOT NULL
EXISTS (SELECT 1 FROM objections o JOIN objection_decisions d ON d.objection = o.id
    WHERE NOT d.accepted AND o.nip = NEW.nip AND o.date = NEW.date AND o.code = NEW.code
        AND COALESCE(o.scan, '') = COALESCE(NEW.scan, '') AND o.seen = NEW.seen)
