"""Content with placeholders: `{{ profile.first_name | "friend" }}` in what a representation shows.

compiled = compile_content(ContentType.HTML, body, check, number, given)  # offerd.content.compile
renderer = Renderer(compiled.content, rules)                             # offerd.content.render
renderer.render(evaluate).body

Cold: `syntax` splits texts, `certainty` tells which expressions need a default, `fragments` and
`addresses` tell what a placeholder stands in, `compile` brings them together. Hot: `render`, with
`values` and `escaping`. Content without placeholders has no templates and needs none of this.
"""
