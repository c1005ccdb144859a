-- percent(e4): ten-thousandths, such as ppm of a percentage, in the digits that PostgreSQL shows, as text
CASE WHEN ({e4}) < 0 THEN '-' || rtrim(rtrim(printf('%d.%04d', abs({e4}) / 10000, abs({e4}) % 10000), '0'), '.')
    WHEN ({e4}) >= 0 THEN rtrim(rtrim(printf('%d.%04d', ({e4}) / 10000, ({e4}) % 10000), '0'), '.') END

-- instant(column): an instant, as ISO 8601 writes it
strftime('%Y-%m-%dT%H:%M:%S+00:00', {column})

-- month(day): YYYY-MM of a day
substr({day}, 1, 7)

-- month_before(period): the month before YYYY-MM
strftime('%Y-%m', {period} || '-01', '-1 month')

-- of_this_transaction(e): a row that this transaction has added: no row of the audit log came after it
{e}.audit_rows = (SELECT rows FROM audit_end)

-- steers(text): a text has letters that steer a screen; the end of a line and a tab are none
({text}) GLOB '*[' || char(1) || '-' || char(8) || char(11) || char(12) || char(14) || '-' || char(31) || char(127) || ']*'

-- ahead(at): an instant is ahead of the database's own clock by more than five minutes, which two hosts may differ
{at} > strftime('%Y-%m-%d %H:%M:%f', 'now', '+5 minutes')

-- not_over(period, through): the last day that counts (null: that of YYYY-MM) is not over in the easternmost zone
COALESCE(date({through}, '+1 day'), date({period} || '-01', '+1 month'))
    > strftime('%Y-%m-%d %H:%M:%S', 'now', '+9 hours', '+5 minutes')
