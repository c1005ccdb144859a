-- only an operator, a head or hr decides on an absence
-- where: NEW.account_id IS NOT NULL
{unfit(DECIDE_ABSENCE)}
