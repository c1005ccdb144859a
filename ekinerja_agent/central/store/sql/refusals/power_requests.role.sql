-- only an operator asks for a change of power
{unfit(CHANGE_ACCOUNTS)}
