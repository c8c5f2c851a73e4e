"""The report on trial: what it is, and the settings that it names."""

from ontrial import Report, Task

REPORT = Report(
    title="Toy Models of Superposition",
    source="Elhage et al., Transformer Circuits Thread, 2022: introduction, and sections 1 to 4 on toy models",
    link="https://transformer-circuits.pub/2022/toy_model/index.html",
    tasks=(Task("T", "Introduction and sections 1 to 4", "", "Features in fewer dimensions than there are features"),),
)

# Dimensionalities of the polytopes that section 4 names: antipodal pair, triangle, pentagon, square antiprism,
# tetrahedron, and a dimension of a feature's own.
FRACTIONS = {"1/2": 1 / 2, "2/3": 2 / 3, "2/5": 2 / 5, "3/8": 3 / 8, "3/4": 3 / 4, "1": 1.0}
