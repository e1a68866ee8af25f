"""API Gateway: updates, replacements and deletions of an HTTP API's parts and of its domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account, Declared
from sandbox.create import apigateway as create

from .lifecycle import Change, Lifecycle, Updater, deleted_by, found_by, updated_by

_SERVICE = "apigatewayv2"


def _put(operation: str, names: Mapping[str, str], **ids: str) -> Updater:
    """One call with all inputs `names`; `ids` are its parameters that identify the resource."""

    def updater(change: Change, account: Account) -> Mapping[str, Any]:
        getattr(account.client(_SERVICE), operation)(
            **_ids(change, ids), **change.new.renamed(names)
        )
        return {}

    return updater


def _ids(change: Change, ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        theirs: change.id if ours == "id" else change.new.require(ours)
        for theirs, ours in ids.items()
    }


def _update_stage(change: Change, account: Account) -> Mapping[str, Any]:
    account.client(_SERVICE).update_stage(
        ApiId=change.new.require("apiId"),
        StageName=change.id,
        **create.stage_parameters(change.new),
    )
    return {}


def _update_domain(change: Change, account: Account) -> Mapping[str, Any]:
    block = change.new.block("domainNameConfiguration") or Declared(change.id, {})
    made = account.client(_SERVICE).update_domain_name(
        DomainName=change.id, DomainNameConfigurations=[create.domain_configuration(block)]
    )
    (answer,) = made["DomainNameConfigurations"]
    return {
        "domainNameConfiguration": {
            **change.new.require("domainNameConfiguration"),
            "targetDomainName": answer["ApiGatewayDomainName"],
            "hostedZoneId": answer["HostedZoneId"],
        }
    }


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:apigatewayv2/api:Api": Lifecycle(
        create=create.api,
        read=found_by(_SERVICE, "get_api", ApiId="id"),
        delete=deleted_by(_SERVICE, "delete_api", ApiId="id"),
        source="internal/service/apigatewayv2/api.go",
        replaced_by=frozenset({"credentialsArn", "protocolType", "routeKey", "target"}),
        updates=updated_by(_put("update_api", create.API, ApiId="id"), *create.API),
        named_by="name",
        longest_name=128,
    ),
    "aws:apigatewayv2/integration:Integration": Lifecycle(
        create=create.integration,
        read=found_by(_SERVICE, "get_integration", ApiId="apiId", IntegrationId="id"),
        delete=deleted_by(_SERVICE, "delete_integration", ApiId="apiId", IntegrationId="id"),
        source="internal/service/apigatewayv2/integration.go",
        replaced_by=frozenset({"apiId", "integrationSubtype", "integrationType"}),
        updates=updated_by(
            _put(
                "update_integration",
                create.INTEGRATION,
                ApiId="apiId",
                IntegrationId="id",
            ),
            *create.INTEGRATION,
        ),
    ),
    "aws:apigatewayv2/route:Route": Lifecycle(
        create=create.route,
        read=found_by(_SERVICE, "get_route", ApiId="apiId", RouteId="id"),
        delete=deleted_by(_SERVICE, "delete_route", ApiId="apiId", RouteId="id"),
        source="internal/service/apigatewayv2/route.go",
        replaced_by=frozenset({"apiId"}),
        updates=updated_by(
            _put("update_route", create.ROUTE, ApiId="apiId", RouteId="id"), *create.ROUTE
        ),
    ),
    "aws:apigatewayv2/stage:Stage": Lifecycle(
        create=create.stage,
        read=found_by(_SERVICE, "get_stage", ApiId="apiId", StageName="id"),
        delete=deleted_by(_SERVICE, "delete_stage", ApiId="apiId", StageName="id"),
        source="internal/service/apigatewayv2/stage.go",
        replaced_by=frozenset({"apiId", "name"}),
        # Without `defaultRouteSettings`, the provider leaves these as they were.
        updates=updated_by(_update_stage, "autoDeploy", "defaultRouteSettings"),
        named_by="name",
        longest_name=128,
    ),
    "aws:apigatewayv2/domainName:DomainName": Lifecycle(
        create=create.domain_name,
        read=found_by(_SERVICE, "get_domain_name", DomainName="id"),
        delete=deleted_by(_SERVICE, "delete_domain_name", DomainName="id"),
        source="internal/service/apigatewayv2/domain_name.go",
        replaced_by=frozenset({"domainName"}),
        updates=updated_by(_update_domain, "domainNameConfiguration"),
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": Lifecycle(
        create=create.api_mapping,
        read=found_by(_SERVICE, "get_api_mapping", DomainName="domainName", ApiMappingId="id"),
        delete=deleted_by(
            _SERVICE, "delete_api_mapping", DomainName="domainName", ApiMappingId="id"
        ),
        source="internal/service/apigatewayv2/api_mapping.go",
        replaced_by=frozenset({"apiId", "domainName"}),
        updates=updated_by(
            _put(
                "update_api_mapping",
                {"apiMappingKey": "ApiMappingKey", "stage": "Stage"},
                ApiId="apiId",
                ApiMappingId="id",
                DomainName="domainName",
            ),
            "apiMappingKey",
            "stage",
        ),
    ),
}
