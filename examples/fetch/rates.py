# Fetches what the http rule allows, and is told of the rest by an error with a code.
rates = (await fetch("https://rates.example/v1/latest")).json()["rates"]
try:
    await fetch("https://rates.example/v1/latest", method="DELETE")
except ToolError as error:
    refused = error.code
{"100 EUR in CHF": 100 * rates["CHF"], "deleting": refused}
