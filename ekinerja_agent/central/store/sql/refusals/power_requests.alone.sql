-- one operator alone only disables another one who is gone
-- where: NEW.alone_from IS NOT NULL
NEW.kind <> 'disable' OR NEW.alone_from <= NEW.asked_at
