-- the account is disabled, or is neither operator nor payroll
{unfit(CLOSE_MONTH)}
