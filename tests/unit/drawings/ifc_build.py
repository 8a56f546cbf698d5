"""Tiny IFC files for the tests, written as STEP text."""

from __future__ import annotations

from collections.abc import Sequence

Ring = Sequence[tuple[float, float]]


class Model:
    """A model with a project, a site, one building; storeys, slabs and spaces are added."""

    def __init__(self, schema: str = "IFC4", prefix: str | None = ".MILLI.", name: str = "样例") -> None:
        self.schema = schema
        self.lines: list[str] = []
        self.guids = 0
        unit = self.add(f"IFCSIUNIT(*,.LENGTHUNIT.,{prefix or '$'},.METRE.)")
        area = self.add("IFCSIUNIT(*,.AREAUNIT.,$,.SQUARE_METRE.)")
        self.units = self.add(f"IFCUNITASSIGNMENT(({unit},{area}))")
        self.origin = self.add("IFCCARTESIANPOINT((0.,0.,0.))")
        self.axes = self.add(f"IFCAXIS2PLACEMENT3D({self.origin},$,$)")
        self.up = self.add("IFCDIRECTION((0.,0.,1.))")
        self.place = self.add(f"IFCLOCALPLACEMENT($,{self.axes})")
        self.context = self.add(f"IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,{self.axes},$)")
        self.project = self.add(
            f"IFCPROJECT('{self.guid()}',$,'{self.text(name)}',$,$,$,$,({self.context}),{self.units})"
        )
        self.storeys: dict[str, list[str]] = {}
        self.building = self.add_building("1#")
        self.site: str | None = None

    def add(self, text: str) -> str:
        """A new instance; its reference."""
        self.lines.append(text)
        return f"#{len(self.lines)}"

    def guid(self) -> str:
        """A new GlobalId."""
        self.guids += 1
        return f"0aBcDeFgHiJkLmNoPq{self.guids:04d}"

    @staticmethod
    def text(value: str) -> str:
        """A STEP string."""
        return "".join(c if ord(c) < 128 else "\\X2\\" + f"{ord(c):04X}" + "\\X0\\" for c in value)

    def body(self, ring: Ring, bottom: float, height: float) -> str:
        """An extruded ring (in the file's unit) as a product shape."""
        points = [self.add(f"IFCCARTESIANPOINT(({float(x)},{float(y)}))") for x, y in [*ring, ring[0]]]
        line = self.add(f"IFCPOLYLINE(({','.join(points)}))")
        profile = self.add(f"IFCARBITRARYCLOSEDPROFILEDEF(.AREA.,$,{line})")
        at = self.add(f"IFCCARTESIANPOINT((0.,0.,{float(bottom)}))")
        axes = self.add(f"IFCAXIS2PLACEMENT3D({at},$,$)")
        solid = self.add(f"IFCEXTRUDEDAREASOLID({profile},{axes},{self.up},{float(height)})")
        shape = self.add(f"IFCSHAPEREPRESENTATION({self.context},'Body','SweptSolid',({solid}))")
        return self.add(f"IFCPRODUCTDEFINITIONSHAPE($,$,({shape}))")

    def add_building(self, name: str) -> str:
        """A building; the storeys that follow are its."""
        self.building = self.add(
            f"IFCBUILDING('{self.guid()}',$,'{self.text(name)}',$,$,{self.place},$,$,.ELEMENT.,$,$,$)"
        )
        self.storeys[self.building] = []
        return self.building

    def add_site(self, ring: Ring | None = None) -> str:
        """The site, with a thin plate as its shape."""
        shape = self.body(ring, -100.0, 100.0) if ring else "$"
        self.site = self.add(
            f"IFCSITE('{self.guid()}',$,'S',$,$,{self.place},{shape},$,.ELEMENT.,(30,30,0),(114,20,0),0.,$,$)"
        )
        return self.site

    def storey(self, name: str, elevation: float, z: float | None = None) -> str:
        """A storey; ``z``: where it lies in the world."""
        place = self.place
        if z is not None:
            at = self.add(f"IFCCARTESIANPOINT((0.,0.,{float(z)}))")
            place = self.add(f"IFCLOCALPLACEMENT($,{self.add(f'IFCAXIS2PLACEMENT3D({at},$,$)')})")
        found = self.add(
            f"IFCBUILDINGSTOREY('{self.guid()}',$,'{self.text(name)}',$,$,{place},$,$,.ELEMENT.,{float(elevation)})"
        )
        self.storeys[self.building].append(found)
        return found

    def space(self, storey: str, name: str, ring: Ring, bottom: float, height: float) -> str:
        """A space of a storey."""
        shape = self.body(ring, bottom, height)
        kind = ".INTERNAL." if self.schema == "IFC2X3" else ".SPACE."
        found = self.add(
            f"IFCSPACE('{self.guid()}',$,'{self.text(name)}',$,$,{self.place},{shape},$,.ELEMENT.,{kind},$)"
        )
        self.add(f"IFCRELAGGREGATES('{self.guid()}',$,$,$,{storey},({found}))")
        return found

    def slab(self, storey: str, ring: Ring, bottom: float) -> str:
        """A floor slab of a storey, 100 units thick."""
        shape = self.body(ring, bottom, 100.0)
        found = self.add(f"IFCSLAB('{self.guid()}',$,'slab',$,$,{self.place},{shape},$,.FLOOR.)")
        self.add(f"IFCRELCONTAINEDINSPATIALSTRUCTURE('{self.guid()}',$,$,$,({found}),{storey})")
        return found

    def quantity(self, item: str, name: str, area: float, unit: str = "$") -> None:
        """A stated area of an object."""
        value = self.add(
            f"IFCQUANTITYAREA('{name}',$,{unit},{area}" + (")" if self.schema == "IFC2X3" else ",$)")
        )
        group = self.add(f"IFCELEMENTQUANTITY('{self.guid()}',$,'Qto',$,$,({value}))")
        self.add(f"IFCRELDEFINESBYPROPERTIES('{self.guid()}',$,$,$,({item}),{group})")

    def map(
        self,
        east: float,
        north: float,
        crs: str,
        x: float = 1.0,
        y: float = 0.0,
        *,
        unit: str = "$",
        scale: str = "$",
    ) -> None:
        """A map conversion."""
        system = self.add(f"IFCPROJECTEDCRS('{crs}',$,$,$,$,$,{unit})")
        self.add(f"IFCMAPCONVERSION({self.context},{system},{east},{north},5.,{x},{y},{scale})")

    def bytes(self) -> bytes:
        """The file."""
        lines = list(self.lines)

        def aggregate(whole: str, parts: list[str]) -> None:
            lines.append(f"IFCRELAGGREGATES('{self.guid()}',$,$,$,{whole},({','.join(parts)}))")

        aggregate(self.project, [self.site] if self.site else list(self.storeys))
        if self.site:
            aggregate(self.site, list(self.storeys))
        for building, storeys in self.storeys.items():
            if storeys:
                aggregate(building, storeys)
        body = "\n".join(f"#{n}={text};" for n, text in enumerate(lines, 1))
        head = (
            "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
            f"FILE_NAME('a.ifc','2026-01-01T00:00:00',(''),(''),'','','');\nFILE_SCHEMA(('{self.schema}'));\nENDSEC;\nDATA;\n"
        )
        return (head + body + "\nENDSEC;\nEND-ISO-10303-21;\n").encode()


def rectangle(x: float, y: float, width: float, depth: float) -> Ring:
    """A rectangle as a ring."""
    return [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]
