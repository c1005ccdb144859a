-- only an operator decides on a change of power
{unfit(CHANGE_ACCOUNTS)}
