# decimal: exact money, rounding modes, contexts.
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, getcontext, localcontext

print(Decimal("0.1") + Decimal("0.2"), 0.1 + 0.2, Decimal(0.1))
price, rate = Decimal("19.99"), Decimal("0.0775")
print(price * rate, (price * rate).quantize(Decimal("0.01"), ROUND_HALF_UP))
print([str(Decimal(x).quantize(Decimal("1"), ROUND_HALF_EVEN)) for x in ("0.5", "1.5", "2.5", "-2.5")])
with localcontext(prec=50):
    print(Decimal(2).sqrt(), Decimal(1) / 7)
print(Decimal(1) / 7, getcontext().prec, Decimal("1E+3"), Decimal("1E+3").normalize(), Decimal("1200.00").normalize())
print(Decimal("123456789.123").to_eng_string(), f"{Decimal('1234567.891'):,.2f}", Decimal("-0"), Decimal("NaN").is_nan())
print(sum(map(Decimal, ["1.10", "2.20", "3.30"])), Decimal("3.14").as_tuple(), Decimal(10).ln().quantize(Decimal("1e-10")))
print(divmod(Decimal("7.5"), 2), Decimal("7.50") == Decimal("7.5"), hash(Decimal("7.50")) == hash(7.5), round(Decimal("2.675"), 2))
for bad in (lambda: Decimal("abc"), lambda: Decimal(1) / 0):
    try:
        bad()
    except (InvalidOperation, DivisionByZero) as error:
        print(type(error).__name__)
