"""The register of diagnostic codes: each code once, never reused.

Families: CD0xx syntax, CD1xx names, CD2xx domains and shapes, CD3xx causal structure and roles,
CD4xx mechanisms and distributions, CD5xx data, CD6xx inference, CD7xx counterfactual queries,
CD8xx fairness, CD9xx internal.
"""

from __future__ import annotations

from dataclasses import dataclass

from causaldsl.diagnostics.model import Diagnostic, Label, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeInfo:
    """A registered code: its severity and its title, as ``docs/errors/`` heads its page."""

    code: str
    severity: Severity
    title: str


CODES: dict[str, CodeInfo] = {}


def _register(code: str, severity: Severity, title: str) -> None:
    if code in CODES:
        raise ValueError(f"{code} is registered twice")
    CODES[code] = CodeInfo(code=code, severity=severity, title=title)


# --- CD0xx syntax -------------------------------------------------------------------------
_register("CD001", "error", "file cannot be read")
_register("CD002", "error", "file is not UTF-8")
_register("CD003", "error", "file too large")
_register("CD004", "error", "too many words and signs")
_register("CD005", "error", "too many statements")
_register("CD006", "error", "nested too deeply")
_register("CD007", "error", "too many syntax errors")
_register("CD008", "error", "empty file")
_register("CD010", "error", "invisible character")
_register("CD011", "error", "stray character")
_register("CD012", "error", "string never closed")
_register("CD013", "error", "unknown escape")
_register("CD014", "error", "malformed number")
_register("CD015", "error", "number out of range")
_register("CD016", "error", "two underscores in a name")
_register("CD017", "error", "name too long")
_register("CD018", "error", "name spelled with stand-ins")
_register("CD020", "error", "unexpected word or sign")
_register("CD021", "error", "bracket never closed")
_register("CD022", "error", "bracket never opened")
_register("CD023", "error", "unknown statement")
_register("CD024", "error", "unfinished statement")
_register("CD025", "error", "`=` instead of `~`")
_register("CD026", "error", "domain missing")
_register("CD027", "error", "arrow without an end")
_register("CD028", "error", "reserved word used as a name")
_register("CD029", "error", "column or level without quotes")
_register("CD030", "error", "unknown domain")
_register("CD031", "error", "sizes behind a domain without any")
_register("CD032", "error", "wrong size of an image")
_register("CD033", "error", "part of a declaration given twice")
_register("CD034", "error", "unknown word behind `else` or `missing`")
_register("CD035", "error", "unknown claim")
_register("CD036", "error", "quantile without its two parts")
_register("CD081", "error", "no header")
_register("CD082", "error", "header is not the first statement")
_register("CD083", "error", "second header")
_register("CD084", "error", "statement given twice")
# --- CD1xx names --------------------------------------------------------------------------
_register("CD101", "error", "name declared twice")
_register("CD102", "error", "unknown name")
_register("CD103", "error", "word of the language used as a name")
_register("CD105", "error", "name of the wrong kind")
_register("CD106", "error", "unknown function, family or loss term")
_register("CD107", "error", "unknown level")
_register("CD108", "error", "unknown setting")
_register("CD109", "error", "setting given twice")
_register("CD110", "error", "unknown word")
_register("CD111", "warning", "declared and never used")
_register("CD112", "error", "unknown param in an override")
_register("CD113", "error", "`parents` out of place")
# --- CD2xx domains and shapes -------------------------------------------------------------
_register("CD201", "error", "level written twice")
_register("CD202", "error", "fewer than two levels")
_register("CD203", "error", "size is no whole number above zero")
_register("CD204", "error", "beyond the limits")
_register("CD205", "error", "columns do not match the cells")
_register("CD206", "error", "transform does not fit the domain")
_register("CD207", "error", "recoded value outside the domain")
_register("CD208", "warning", "level that no value is recoded to")
_register("CD209", "error", "key written twice")
_register("CD210", "error", "`else` without listed values")
_register("CD211", "error", "unobserved variable bound to the table")
_register("CD212", "error", "unknown or malformed domain")
_register("CD213", "error", "array of this domain")
_register("CD214", "error", "sizes do not match")
_register("CD215", "error", "level used as a number")
_register("CD216", "error", "wrong index")
_register("CD217", "error", "table lacks a level")
_register("CD218", "error", "several numbers where one is needed")
_register("CD219", "error", "number too large")
_register("CD220", "error", "division by zero")
_register("CD221", "error", "function outside its domain")
_register("CD222", "error", "group where one variable is needed")
_register("CD223", "error", "value of a param")
_register("CD224", "error", "override of the wrong type")
_register("CD225", "error", "number where something else is needed")
# --- CD3xx causal structure and roles -----------------------------------------------------
_register("CD301", "error", "arrow drawn twice")
_register("CD302", "error", "arrow from a variable to itself")
_register("CD303", "error", "cycle")
_register("CD304", "error", "parent without an arrow")
_register("CD305", "warning", "arrow that no mechanism uses")
_register("CD306", "error", "member of a group twice")
_register("CD307", "error", "group inside itself")
_register("CD308", "error", "auxiliary that points at no sensitive variable")
_register("CD309", "error", "auxiliary that descends from a sensitive variable")
_register("CD310", "error", "control that does not descend from the outcome")
_register("CD311", "error", "control with children")
_register("CD312", "error", "control in no loss")
_register("CD313", "warning", "variable without arrows")
_register("CD314", "warning", "latent that no observed variable descends from")
_register("CD315", "error", "stand-in that cannot enter a mechanism")
_register("CD316", "error", "claim that the graph refutes")
_register("CD317", "warning", "claim that the graph does not decide")
_register("CD318", "error", "claim about overlapping sets")
# --- CD4xx mechanisms and distributions ---------------------------------------------------
_register("CD401", "error", "second mechanism")
_register("CD402", "error", "family does not fit the domain")
_register("CD403", "error", "wrong number of inputs")
_register("CD404", "error", "argument out of range")
_register("CD405", "error", "argument that may leave its range")
_register("CD406", "error", "probabilities that do not sum to one")
_register("CD407", "error", "wrong number of probabilities")
_register("CD408", "error", "predictor without a number for each level")
_register("CD409", "error", "value outside the variable's domain")
_register("CD410", "error", "distribution where a value is needed")
_register("CD411", "error", "`by` without a variable that has levels")
_register("CD412", "error", "`by` behind something that is no network")
_register("CD413", "error", "setting of the wrong type or size")
_register("CD414", "error", "shared network with different parents")
_register("CD415", "error", "convolution without an image")
_register("CD416", "error", "mechanism that uses its own variable")
_register("CD417", "error", "start of a parameter")
_register("CD418", "error", "prior that does not fit")
_register("CD419", "error", "index of a parameter")
_register("CD420", "error", "domain of a parameter")
_register("CD421", "error", "out of place in this expression")
_register("CD441", "error", "guide of a variable that has none")
_register("CD442", "error", "second guide")
_register("CD443", "error", "guides that read each other in a circle")
_register("CD444", "error", "`sampled` without anything to draw from")
_register("CD445", "error", "unknown form of a guide")
_register("CD451", "error", "coupling that does not fit")
_register("CD452", "error", "second coupling")
_register("CD461", "error", "second `elbo`")
_register("CD462", "error", "loss that is no sum of weighted terms")
_register("CD463", "error", "gradient through a discrete draw")
_register("CD464", "error", "inputs of a loss term")
_register("CD465", "error", "loss term without its network")
_register("CD466", "error", "`balance` of this term")
_register("CD467", "error", "weight that is no number")
_register("CD468", "error", "variable without a place in the loss")
_register("CD471", "error", "target of a predictor")
_register("CD472", "error", "feature of a predictor")
_register("CD490", "error", "not compiled yet")
_register("CD491", "error", "array variable not compiled yet")
_register("CD492", "error", "image variable not compiled yet")
_register("CD493", "error", "loss term not compiled yet")
_register("CD494", "error", "guide not compiled yet")
# --- CD5xx data ---------------------------------------------------------------------------
_register("CD501", "error", "table not found")
_register("CD502", "error", "unreadable table")
_register("CD503", "error", "table is not UTF-8 text")
_register("CD504", "error", "ragged table")
_register("CD505", "error", "duplicate column names")
_register("CD506", "error", "empty table")
_register("CD507", "error", "unknown column")
_register("CD508", "error", "wrong number of columns")
_register("CD509", "error", "fields not separated by commas")
_register("CD510", "error", "values that are not listed")
_register("CD511", "error", "missing values")
_register("CD512", "error", "infinite values")
_register("CD513", "error", "not a number")
_register("CD514", "error", "fractional count")
_register("CD515", "error", "number outside the domain")
_register("CD516", "error", "not a binary value")
_register("CD517", "error", "no rows left")
_register("CD518", "error", "constant sensitive variable")
_register("CD519", "error", "too few rows")
_register("CD520", "warning", "constant column")
_register("CD521", "warning", "level that never occurs")
_register("CD522", "warning", "fewer rows than columns")
_register("CD523", "note", "more findings than are listed")
_register("CD524", "error", "table cannot be written")
_register("CD525", "error", "column of pictures")
_register("CD530", "error", "unknown data set")
_register("CD531", "error", "data set is not on this machine")
_register("CD532", "error", "wrong checksum")
_register("CD533", "error", "download failed")
# --- CD6xx inference ----------------------------------------------------------------------
_register("CD601", "error", "unknown word of `train`")
_register("CD602", "error", "training word of the wrong type or out of range")
_register("CD603", "error", "training words that contradict each other")
_register("CD604", "error", "training word not supported yet")
_register("CD605", "error", "model that cannot be fitted")
_register("CD606", "error", "table that does not belong to the model")
_register("CD610", "error", "loss that is not finite")
_register("CD611", "error", "gradient that is not finite")
_register("CD612", "error", "balance of a term that vanishes")
_register("CD620", "warning", "fit that has not converged")
_register("CD621", "warning", "standard deviation at its floor")
_register("CD622", "warning", "latent that the posterior does not use")
_register("CD623", "warning", "fit that was interrupted")
_register("CD624", "warning", "guide that has not converged")
_register("CD630", "error", "file that is no saved fit")
_register("CD631", "error", "damaged saved fit")
_register("CD632", "error", "saved fit of a newer format")
_register("CD633", "error", "saved fit beyond the limits")
_register("CD634", "error", "unexpected contents of a saved fit")
_register("CD635", "error", "weights that do not match the model")
_register("CD636", "error", "weights that are not finite")
_register("CD637", "error", "saved model that no longer compiles")
_register("CD638", "warning", "saved model that compiles differently now")
_register("CD640", "error", "unreadable checkpoint")
_register("CD641", "error", "checkpoint of another run")
_register("CD642", "error", "file that cannot be written")
_register("CD650", "error", "learned parameters under sampling")
_register("CD651", "error", "too much to sample")
_register("CD652", "warning", "chains that have not mixed")
_register("CD653", "warning", "divergent transitions")
_register("CD654", "error", "nothing to sample")
# --- CD7xx counterfactual queries ---------------------------------------------------------
_register("CD720", "error", "query that is no number")
_register("CD721", "error", "E, P or Q inside another")
_register("CD722", "error", "probability of something that is no event")
_register("CD723", "error", "level of a quantile")
_register("CD724", "error", "value that the variable cannot take")
_register("CD725", "error", "variable set twice in one world")
_register("CD726", "error", "policy that does not fit the variable")
_register("CD727", "error", "flip of a variable without levels")
_register("CD728", "error", "path that is not in the graph")
_register("CD729", "error", "path between other variables")
_register("CD730", "error", "recanting witness")
_register("CD731", "error", "world of something that is no variable")
_register("CD732", "warning", "intervention without effect")
_register("CD733", "error", "comparison out of place")
_register("CD734", "error", "comparison of levels without an order")
_register("CD735", "error", "mean of levels")
_register("CD736", "error", "world, mean or draw out of place")
# --- CD8xx fairness -----------------------------------------------------------------------
_register("CD801", "warning", "too few rows in a group")
_register("CD802", "warning", "the outcome has one class only")
_register("CD803", "error", "unknown metric")
_register("CD804", "error", "no sensitive variable")
_register("CD805", "error", "non-finite predictions")
_register("CD806", "error", "outcome that predictors do not support")
_register("CD807", "error", "one class among the training rows")
_register("CD808", "error", "metric that does not apply")
_register("CD809", "error", "models that disagree on the table")
_register("CD810", "error", "missing or non-finite feature values")
_register("CD811", "error", "variable missing from the world model")
_register("CD812", "error", "too few rows to split")
_register("CD813", "error", "no outcome variable")
# --- CD9xx internal -----------------------------------------------------------------------


def diagnostic(
    code: str,
    message: str,
    *labels: Label,
    place: str | None = None,
    notes: tuple[str, ...] = (),
    hint: str | None = None,
) -> Diagnostic:
    """Return a diagnostic with the severity registered for its code."""
    return Diagnostic(
        code=code,
        severity=CODES[code].severity,
        message=message,
        labels=labels,
        place=place,
        notes=notes,
        hint=hint,
    )
