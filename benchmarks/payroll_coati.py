"""A payroll of coati-payroll on PostgreSQL, by its own engine. Run by the Python that has it, not by ours.

`DATABASE_URL=… QUEUE_ENABLED=0 python payroll_coati.py PEOPLE`: makes PEOPLE employees of one company, runs two
months of them, and prints one line of JSON: the seconds of each month and the peak memory. The payroll is a small one,
to its advantage: a monthly wage, four percentages taken off and five borne by the employer; no tax, no part of a month,
no arrears.
"""

import json
import resource
import sys
import time
from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import Any

from coati_payroll import create_app, model  # type: ignore[import-not-found]
from coati_payroll.config import configuration  # type: ignore[import-not-found]
from coati_payroll.nomina_engine import ejecutar_nomina  # type: ignore[import-not-found]

MONTHS = (9, 10)
OF_WORKER = (("pension", "8"), ("medical", "2"), ("unemployment", "0.3"), ("housing_fund", "8"))
OF_EMPLOYER = (("pension", "16"), ("medical", "8.7"), ("unemployment", "0.7"), ("injury", "0.2"), ("housing_fund", "8"))


def main(people: int) -> None:
    app = create_app(configuration)
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        model.db.create_all()
        planilla_id = _payroll(people)
        seconds = []
        for month in MONTHS:
            begun = time.perf_counter()
            last = date(2026, month, monthrange(2026, month)[1])
            paid, errors, _ = ejecutar_nomina(planilla_id, date(2026, month, 1), last, last, "bench")
            seconds.append(time.perf_counter() - begun)
            if paid is None or errors:
                raise AssertionError(f"not paid: {errors[:3]}")
            model.db.session.remove()
        slips = model.db.session.scalar(model.db.select(model.db.func.count()).select_from(model.NominaEmpleado))
        if slips != people * len(MONTHS):
            raise AssertionError(f"{slips} slips for {people} people")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_kb": peak}) + "\n")


def _payroll(people: int) -> str:
    """The company, its payroll and its employees; the payroll's id."""
    currency = model.Moneda(codigo="CNY", nombre="CNY", simbolo="Y", activo=True)
    company = model.Empresa(codigo="bench", razon_social="bench", ruc="bench", activo=True)
    kind = model.TipoPlanilla(
        codigo="bench", descripcion="bench", periodicidad="mensual", dias=30, periodos_por_anio=12
    )
    _add(currency, company, kind)
    payroll = model.Planilla(
        nombre="bench", tipo_planilla_id=kind.id, moneda_id=currency.id, empresa_id=company.id, activo=True
    )
    _add(payroll)
    for order, (name, percent) in enumerate(OF_WORKER):
        taken = model.Deduccion(**_concept(f"w_{name}", percent))
        _add(taken)
        _add(model.PlanillaDeduccion(planilla_id=payroll.id, deduccion_id=taken.id, prioridad=order, activo=True))
    for order, (name, percent) in enumerate(OF_EMPLOYER):
        borne = model.Prestacion(**_concept(f"e_{name}", percent))
        _add(borne)
        _add(model.PlanillaPrestacion(planilla_id=payroll.id, prestacion_id=borne.id, orden=order, activo=True))
    employees = [_employee(number, company.id, currency.id) for number in range(people)]
    _add(*employees)
    since = date(2020, 1, 1)
    _add(
        *(
            model.PlanillaEmpleado(planilla_id=payroll.id, empleado_id=one.id, fecha_inicio=since, activo=True)
            for one in employees
        )
    )
    model.db.session.commit()
    return str(payroll.id)


def _concept(code: str, percent: str) -> dict[str, Any]:
    return {
        "codigo": code,
        "nombre": code,
        "formula_tipo": "salary_percentage",
        "porcentaje": Decimal(percent),
        "activo": True,
        "estado_aprobacion": "approved",
    }


def _employee(number: int, company_id: str, currency_id: str) -> Any:
    return model.Empleado(
        codigo_empleado=f"B{number:07}",
        primer_nombre="a",
        primer_apellido="b",
        identificacion_personal=f"{number:018}",
        salario_base=Decimal(4000 + number % 9000),
        fecha_alta=date(2020, 1, 1),
        activo=True,
        empresa_id=company_id,
        moneda_id=currency_id,
    )


def _add(*rows: Any) -> None:
    model.db.session.add_all(rows)
    model.db.session.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
