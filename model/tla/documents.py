"""What a model's source says of its variables: the texts under their declarations."""

import ast
import inspect
import textwrap


def variable_docs(state: type) -> dict[str, str]:
    """The text that follows each declaration of a state class, on one line; nothing where the source is not at hand."""
    try:
        source = textwrap.dedent(inspect.getsource(state))
    except OSError:
        return {}
    (tree,) = ast.parse(source).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for declared, following in zip(tree.body, tree.body[1:], strict=False):
        text = text_of(following)
        if isinstance(declared, ast.AnnAssign) and isinstance(declared.target, ast.Name) and text:
            found[declared.target.id] = " ".join(text.split())
    return found


def text_of(statement: ast.stmt) -> str:
    """The text that a statement is, if it is one."""
    constant = statement.value if isinstance(statement, ast.Expr) else None
    return constant.value if isinstance(constant, ast.Constant) and isinstance(constant.value, str) else ""
