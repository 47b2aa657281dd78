"""A local stand-in for SailPoint's Password Sync Groups API, for tests.

Under pytest the fixtures `sync_group_sim`, `sim_tenant` and `sim_env` are there once the package is installed. Elsewhere::

    from sync_group_sim import start_simulator

    with start_simulator() as sim, sim.tenant(scenario="rate-limited") as tenant:
        run_my_client(tenant.base_url, tenant.client_id, tenant.client_secret)
        tenant.verify(match={"operation": "getPasswordSyncGroups"}, count={"exactly": 2})
"""

from ._errors import CallRefused, SimulatorError, VerificationFailed
from ._server import Simulator, start_simulator
from ._tenant import Tenant
from ._version import VERSION as __version__

__all__ = [
    "CallRefused",
    "Simulator",
    "SimulatorError",
    "Tenant",
    "VerificationFailed",
    "__version__",
    "start_simulator",
]
