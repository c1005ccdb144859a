-- an operator or somebody of payroll decides on what moves money
{unfit(DECIDE_IMPORT)}
