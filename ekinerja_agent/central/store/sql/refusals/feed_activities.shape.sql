-- description and output have at most 2000 letters, activity_id, type, plan and decided_by 100, all others 40, and none steers a screen
length(COALESCE(NEW.activity_id, '')) > 100
OR length(COALESCE(NEW.nip, '')) > 40
OR length(COALESCE(NEW.date, '')) > 40
OR length(COALESCE(NEW.starts, '')) > 40
OR length(COALESCE(NEW.ends, '')) > 40
OR length(COALESCE(NEW.description, '')) > 2000
OR length(COALESCE(NEW.type, '')) > 100
OR length(COALESCE(NEW.volume, '')) > 40
OR length(COALESCE(NEW.output, '')) > 2000
OR length(COALESCE(NEW.plan, '')) > 100
OR length(COALESCE(NEW.status, '')) > 40
OR length(COALESCE(NEW.approved_minutes, '')) > 40
OR length(COALESCE(NEW.decided_by, '')) > 100
OR length(COALESCE(NEW.decided_at, '')) > 40
OR length(COALESCE(NEW.entered_at, '')) > 40
OR {steers(COALESCE(NEW.activity_id, '') || COALESCE(NEW.nip, '') || COALESCE(NEW.date, '') || COALESCE(NEW.starts, '')
    || COALESCE(NEW.ends, '') || COALESCE(NEW.description, '') || COALESCE(NEW.type, '') || COALESCE(NEW.volume,
    '') || COALESCE(NEW.output, '') || COALESCE(NEW.plan, '') || COALESCE(NEW.status, '') ||
    COALESCE(NEW.approved_minutes, '') || COALESCE(NEW.decided_by, '') || COALESCE(NEW.decided_at, '') ||
    COALESCE(NEW.entered_at, ''))}
