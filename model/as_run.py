"""Model functions as Python runs them: compiled when they are first used, from their own trees under their own lines.

One rule: code knows no bounds. Every reading of a model binds the same code to its own domains. Trees are shared with
whoever else reads the model, and are left as they are: what is rewritten is made anew, the rest is taken over.
"""

import ast
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any

from model.design import syntax
from model.remade import changed, statement_of
from model.straight import straight
from model.syntax import Function, require_condition

OTHER_THAN_MEMBERS = {
    "Replica": "{0} not in _members",
    "ReplicaSet": "not {0} <= _members",
    "Quorum": "not _decides({0})",
}
"""By the domain of an action's parameter: what says that an argument is none of its members."""


@cache
def code_of(python: Callable[..., Any], ghosts: bool) -> CodeType:
    """The code of a model function, which every reading of it shares."""
    function = syntax(python)
    return code(function, _body(function, ghosts))


@cache
def step_of(python: Callable[..., Any], name: str) -> CodeType:
    """The code of an action, without ghosts, that is asked for by those who know its name alone: it looks at its own
    arguments first, and raises what `_refused` makes of a refusal."""
    function = syntax(python)
    body = straight(function, _body(function, ghosts=False))
    strangers = [
        OTHER_THAN_MEMBERS[parameter.domain].format(parameter.name)
        for parameter in function.parameters
        if parameter.domain in OTHER_THAN_MEMBERS
    ]
    if strangers:
        body.insert(0, statement_of(f"if {' or '.join(strangers)}: raise Disabled", function.tree))
    state, *names = (argument.arg for argument in function.tree.args.args)
    given = "".join(f"{parameter}, " for parameter in names)
    why = f"_refused(_error, {name!r}, {state}, ({given}))"
    whole = f"try: pass\nexcept (Disabled, LookupError) as _error: raise {why} from None"
    guarded = statement_of(whole, function.tree)
    guarded.body = body
    return code(function, [guarded])


def code(function: Function, body: list[ast.stmt]) -> CodeType:
    """The code that defines a Python function with the parameters of a model's, and this body."""
    tree = function.tree
    parameters = [ast.copy_location(ast.arg(a.arg), a) for a in tree.args.args]
    bare = ast.FunctionDef(
        name=tree.name,
        args=ast.arguments([], parameters, None, [], [], None, []),
        body=body,
        decorator_list=[],
        returns=None,
    )
    return compile(ast.Module([ast.copy_location(bare, tree)], []), function.file, "exec")


def defined(shared: CodeType, name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """The function that the code defines, with its global names looked up in the namespace."""
    found: dict[str, Any] = {}
    exec(shared, namespace, found)
    made: Callable[..., Any] = found[name]
    return made


def maker_of(_model: str) -> Callable[[dict[str, Any]], Any] | None:
    """What makes the states of a model's machines out of its variables, where they are not as any other's. The compiled
    copy has such."""
    return None


# ---------------------------------------------------------------- trees
def _body(function: Function, ghosts: bool) -> list[ast.stmt]:
    """The statements as they are run: without the docstring, and without ghosts where these are not wanted."""
    statements = function.tree.body if ghosts else [s for s in function.tree.body if not isinstance(s, ast.With)]
    said = [s for s in statements if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return [_as_run(statement) for statement in said] or [ast.copy_location(ast.Pass(), function.tree)]


def _as_run(statement: ast.stmt) -> ast.stmt:
    """A `require` costs no call: it is asked in every step of every run that is followed."""
    condition = require_condition(statement)
    if condition is None:
        same: ast.stmt = frozen(statement)
        return same
    disabled = ast.Name("Disabled", ast.Load())
    refuse = ast.Raise(disabled, None)
    false = ast.UnaryOp(ast.Not(), frozen(condition))
    asked = ast.If(false, [refuse], [])
    for node in (asked, false, refuse, disabled):
        ast.copy_location(node, statement)
    return asked


def frozen(node: Any) -> Any:
    """A set written out, `{leader}`, is a frozenset: what a state holds is compared and hashed."""
    return changed(node, _freeze)


def _freeze(node: Any) -> Any:
    if isinstance(node, ast.Set):
        called = ast.copy_location(ast.Name("frozenset", ast.Load()), node)
        return ast.copy_location(ast.Call(called, [node], []), node)
    return node
