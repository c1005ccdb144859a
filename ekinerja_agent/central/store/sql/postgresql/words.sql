-- percent(e4): ten-thousandths, such as ppm of a percentage, as a number without trailing zeros
trim_scale(({e4})::numeric / 10000)

-- instant(column): an instant
{column}

-- month(day): YYYY-MM of a day
to_char({day}, 'YYYY-MM')

-- month_before(period): the month before YYYY-MM
to_char(to_date({period}, 'YYYY-MM') - interval '1 month', 'YYYY-MM')

-- of_this_transaction(e): a row that this transaction has added
{e}.xmin = pg_current_xact_id()::xid

-- steers(text): a text has letters that steer a screen; the end of a line and a tab are none
({text}) ~ '[\x01-\x08\x0B\x0C\x0E-\x1F\x7F]'

-- ahead(at): an instant is ahead of the database's own clock by more than five minutes, which two hosts may differ
{at} > clock_timestamp() + interval '5 minutes'

-- not_over(period, through): the last day that counts (null: that of YYYY-MM) is not over in the easternmost zone
COALESCE({through} + 1, (to_date({period}, 'YYYY-MM') + interval '1 month')::date)
    > (clock_timestamp() AT TIME ZONE 'UTC') + interval '9 hours 5 minutes'
