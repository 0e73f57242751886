# ast, literal_eval, compile, exec, eval, unparse.
import ast

tree = ast.parse("x = 1 + 2 * y\nprint(f'{x:>4}')")
print(ast.dump(tree.body[0]))
print([type(node).__name__ for node in ast.walk(tree.body[0].value)])
print(ast.unparse(ast.parse("if a and(b or c):\n  z=[i**2 for i in range(3)if i]")))
print(ast.literal_eval("{'a': [1, 2.5, None, True, (b'x',)], 'b': {1, 2} - set()}" .replace(" - set()", "")))
try:
    ast.literal_eval("__import__('os')")
except ValueError as error:
    print(str(error)[:30])


class Double(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


changed = ast.fix_missing_locations(Double().visit(ast.parse("1 + 20", mode="eval")))
print(eval(compile(changed, "<tree>", "eval")), eval("a * b", {"a": 6, "b": 7}))
space = {}
exec("def f(n):\n    return n and n * f(n - 1) or 1", space)
print(space["f"](10))
try:
    compile("def f(:\n  pass", "bad.py", "exec")
except SyntaxError as error:
    print(error.msg, error.lineno, error.offset, error.filename)
