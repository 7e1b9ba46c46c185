import { Controller, Get, Header, Redirect, UseFilters, UseGuards } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Settings } from '../config/settings.js';
import { GrapevineError } from '../runtime/errors.js';
import { DrainService } from '../subscriptions/drain.service.js';
import { StatusService, type NodeStatus } from '../subscriptions/status.service.js';
import { AccessGuard, FromCaller, ToAll } from './auth/access.guard.js';
import { grantOf, type Caller } from './auth/caller.js';
import { isGranted } from './auth/grant.js';
import { MetricsService } from './metrics.service.js';
import { ApiProblems, ApiTokenProblems } from './problem.dto.js';
import { ProblemFilter } from './problem.filter.js';
import { HealthBody, StatusBody } from './status.dto.js';

/** What a node knows of itself and the cluster. */
@ApiTags('node')
@UseFilters(ProblemFilter)
@UseGuards(AccessGuard)
@Controller()
export class StatusController {
  constructor(
    private readonly settings: Settings,
    private readonly nodeStatus: StatusService,
    private readonly drain: DrainService,
    private readonly nodeMetrics: MetricsService,
  ) {}

  @Get()
  @ToAll()
  @Redirect()
  @ApiExcludeEndpoint()
  home(): { url: string; statusCode: number } {
    const prefix = this.settings.api === false ? '' : this.settings.api.prefix;
    return { url: `${prefix}/docs`, statusCode: 302 };
  }

  @Get('status')
  @ApiOperation({
    summary: 'This node, its peers and topics, and the cluster as it sees it',
    description: 'With tokens, of topics those that the token lets its bearer read.',
  })
  @ApiResponse({ status: 200, description: 'The state of the node.', type: StatusBody })
  @ApiTokenProblems()
  status(@FromCaller() caller: Caller): NodeStatus {
    const grant = grantOf(caller);
    const isShown = (topic: string): boolean => isGranted(grant, 'subscribe', topic);
    const status = this.nodeStatus.status();
    return {
      ...status,
      subscriptions: status.subscriptions.filter(isShown),
      topics: status.topics.filter(({ topic }) => isShown(topic)),
      rules: { ...status.rules, ignored: status.rules.ignored.filter(({ topic }) => isShown(topic)) },
    };
  }

  @Get('health/live')
  @ToAll()
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether the process works' })
  @ApiResponse({ status: 200, description: 'It does.', type: HealthBody })
  @ApiProblems()
  live(): HealthBody {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ToAll()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Whether the node should be sent requests',
    description: 'It has joined, is not draining, and its store answers.',
  })
  @ApiResponse({ status: 200, description: 'It should.', type: HealthBody })
  @ApiProblems('not-ready', 'draining', 'store-failing')
  ready(): HealthBody {
    if (this.drain.isDraining) throw new GrapevineError('draining', 'The node takes no new work.');
    if (this.nodeStatus.storeState === 'failing') {
      throw new GrapevineError('store-failing', 'The disk under the data folder fails, or does not answer.');
    }
    if (!this.nodeStatus.isReady) throw new GrapevineError('not-ready', 'The node has not joined its cluster yet.');
    return { status: 'ready' };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiProduces('text/plain')
  @ApiOperation({ summary: 'Metrics for Prometheus' })
  @ApiResponse({ status: 200, description: 'The text format of Prometheus.', schema: { type: 'string' } })
  @ApiTokenProblems()
  metrics(): Promise<string> {
    return this.nodeMetrics.text();
  }
}
